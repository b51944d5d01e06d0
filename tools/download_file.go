package tools

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/pygent/pygent/runtime"
)

//go:embed download_file.md
var downloadFileDescription string

type downloadFileIn struct {
	Path   string `json:"path" jsonschema:"relative to the workspace's root"`
	Binary bool   `json:"binary,omitempty" jsonschema:"true: base64"`
}

func (in downloadFileIn) Label() Label { return Label{Title: "Read", Detail: in.Path} }

// DownloadFile returns a file's content to the model.
func DownloadFile() Tool {
	return New("download_file", downloadFileDescription, func(_ context.Context, env Env, in downloadFileIn) (Result, error) {
		content, _, truncated, err := env.Runtime.ReadFile(in.Path, in.Binary)
		if err != nil {
			return Result{}, err
		}
		if truncated {
			content += fmt.Sprintf("\n[only the first %d bytes of the file]", runtime.MaxReadBytes)
		}
		return Result{Text: content, Truncated: truncated}, nil
	}, OnlyReads)
}
