package tools

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/pygent/pygent/runtime/search"
)

//go:embed glob.md
var globDescription string

type globIn struct {
	Pattern string `json:"pattern" jsonschema:"**/ any directories, * ? [a-z] in a name, {a,b} either: src/**/*.{ts,tsx}"`
	Path    string `json:"path,omitempty" jsonschema:"directory where the pattern begins"`
}

func (in globIn) Label() Label {
	return Label{Title: "Find files", Detail: within(in.Pattern, in.Path)}
}

// Glob finds files by a pattern of their paths.
func Glob() Tool {
	return New("glob", globDescription, func(ctx context.Context, env Env, in globIn) (Result, error) {
		found, err := search.Glob(ctx, env.Runtime.Workspace(), search.GlobOptions{Pattern: in.Pattern, Path: in.Path})
		if err != nil {
			return Result{}, err
		}
		var text strings.Builder
		for _, path := range found.Paths {
			text.WriteString(onOneLine(path) + "\n")
		}
		if len(found.Paths) == 0 {
			text.WriteString("[no files]\n")
		}
		if found.More > 0 {
			fmt.Fprintf(&text, "[%d more]\n", found.More)
		}
		missed := notSearched(found.Missed)
		text.WriteString(missed)
		return Result{Text: strings.TrimSuffix(text.String(), "\n"), Truncated: found.More > 0 || missed != ""}, nil
	}, OnlyReads)
}
