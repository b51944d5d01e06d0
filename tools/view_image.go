package tools

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/picture"
)

//go:embed view_image.md
var viewImageDescription string

type viewImageIn struct {
	Path string `json:"path" jsonschema:"relative to the workspace's root"`
}

func (in viewImageIn) Label() Label { return Label{Title: "Look at", Detail: in.Path} }

// ViewImage shows the model an image of the workspace.
func ViewImage() Tool {
	return New("view_image", viewImageDescription, func(ctx context.Context, env Env, in viewImageIn) (Result, error) {
		name, err := runtime.CleanPath(in.Path)
		if err != nil {
			return Result{}, err
		}
		data, err := env.Runtime.Workspace().ReadFile(name, picture.MaxFileBytes)
		if err != nil {
			return Result{}, err
		}
		p, err := picture.Fit(ctx, data)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", name, err)
		}
		text := fmt.Sprintf("%s: %s, %d x %d pixels", name, p.Type, p.Size.X, p.Size.Y)
		if p.Shown != p.Size {
			text += fmt.Sprintf(", shown as %d x %d", p.Shown.X, p.Shown.Y)
		}
		return Result{Text: text, Images: []Image{{MIMEType: p.MIMEType, Data: p.Data}}}, nil
	}, OnlyReads)
}
