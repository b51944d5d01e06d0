package rpc

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// stories are the conversations that TestStories plays, at least one for each method.
// The reference takes its examples from them, so that they are always right.
//
//go:embed testdata/methods/*.txtar
var stories embed.FS

// storyName returns the file name of a method's story. Further stories of the method
// have "_WORD" before the extension.
func storyName(method string) string {
	return strings.ReplaceAll(strings.TrimPrefix(method, "$/"), "/", "_") + ".txtar"
}

// examples returns a method's stories in the format of the reference, the plain one
// first. It is empty when the method has no story.
func examples(method string) string {
	const dir = "testdata/methods"
	name := storyName(method)
	further, err := fs.Glob(stories, path.Join(dir, strings.TrimSuffix(name, ".txtar")+"_*.txtar"))
	if err != nil { // cannot happen: the pattern is a constant and a method name
		panic(err)
	}
	var b strings.Builder
	for _, file := range append([]string{path.Join(dir, name)}, further...) {
		if text, err := fs.ReadFile(stories, file); err == nil {
			b.WriteString(example(text))
		}
	}
	return b.String()
}

// example formats a story for the reference.
func example(story []byte) string {
	a := txtar.Parse(story)
	var b strings.Builder
	fmt.Fprintf(&b, "\nExample: %s\n\n", strings.TrimSpace(string(a.Comment)))
	for _, f := range a.Files {
		arrow := map[string]string{"client": "→", "server": "←"}[f.Name]
		if arrow == "" {
			continue // the scripts of the model and of the commands
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
