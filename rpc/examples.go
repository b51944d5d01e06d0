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

// storyName is the file of a method's story. Further stories of it have a word
// before the extension, behind an underline.
func storyName(method string) string {
	return strings.ReplaceAll(strings.TrimPrefix(method, "$/"), "/", "_") + ".txtar"
}

// examples are a method's stories as the reference shows them, the plain one
// first; they are empty when there is none.
func examples(method string) string {
	const dir = "testdata/methods"
	name := storyName(method)
	further, err := fs.Glob(stories, path.Join(dir, strings.TrimSuffix(name, ".txtar")+"_*.txtar"))
	if err != nil { // the pattern is ours
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

// example is a story as the reference shows it.
func example(story []byte) string {
	a := txtar.Parse(story)
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
