package tools

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/pygent/pygent/runtime"
)

// maxPatch bounds the diff shown for one file, in bytes. A longer diff is not
// cut, because the user would approve the hidden part too: a line says that it is
// too long.
const maxPatch = 1 << 20

// maxDiffed bounds both sides of a comparison, in bytes.
const maxDiffed = 2 << 20

// FilePatch returns the diff that a write of content to the file name would make.
// For content that is not text, or too long, it gives the sizes.
func FilePatch(ws *runtime.Workspace, name string, content []byte) (Patch, error) {
	old, err := ws.ReadFile(name, runtime.MaxFileBytes)
	from := "a/" + name
	switch {
	case errors.Is(err, runtime.ErrNotFound):
		from = "/dev/null"
	case err != nil:
		return Patch{}, err
	}
	head := fmt.Sprintf("--- %s\n+++ b/%s\n", from, name)
	sizes := fmt.Sprintf("%d bytes become %d bytes\n", len(old), len(content))
	if !isText(old) || !isText(content) {
		return Patch{Path: name, Patch: head + "not text: " + sizes}, nil
	}
	if len(old)+len(content) > maxDiffed {
		return Patch{Path: name, Patch: head + "too long to show: " + sizes}, nil
	}
	text := udiff.Unified(from, "b/"+name, string(old), string(content))
	switch {
	case len(text) > maxPatch:
		text = head + "too long to show: " + sizes
	case text == "":
		text = head + "no line changes: " + sizes
	}
	return Patch{Path: name, Patch: text}, nil
}

func isText(data []byte) bool { return utf8.Valid(data) && !strings.Contains(string(data), "\x00") }
