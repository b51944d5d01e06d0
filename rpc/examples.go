package rpc

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// stories are conversations that the tests play, one for each method: the
// examples of the reference cannot go stale.
//
//go:embed testdata/methods/*.txtar
var stories embed.FS

// storyName is the file of a method's story.
func storyName(method string) string {
	return strings.ReplaceAll(strings.TrimPrefix(method, "$/"), "/", "_") + ".txtar"
}

// example is a method's story as the reference shows it; it is empty when there is
// none.
func example(method string) string {
	text, err := fs.ReadFile(stories, path.Join("testdata/methods", storyName(method)))
	if err != nil {
		return ""
	}
	a := txtar.Parse(text)
	var b strings.Builder
	fmt.Fprintf(&b, "\nExample: %s\n\n", strings.TrimSpace(string(a.Comment)))
	for _, f := range a.Files {
		arrow := map[string]string{"client": "→", "server": "←"}[f.Name]
		if arrow == "" {
			continue // what the model said and what commands do
		}
		for line := range strings.Lines(string(f.Data)) {
			if mark, text, _ := strings.Cut(line, " "); mark == "~" {
				fmt.Fprintf(&b, "    (%s pass)\n", strings.TrimSpace(text))
			} else {
				fmt.Fprintf(&b, "    %s %s", arrow, text)
			}
		}
	}
	return b.String()
}
