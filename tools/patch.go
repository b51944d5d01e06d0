package tools

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/pygent/pygent/runtime"
)

// maxPatch bounds what is shown of one file, in bytes. A longer diff is not cut,
// because what is not shown would be approved too: it is named as too long.
const maxPatch = 1 << 20

// maxDiffed bounds both sides of what is compared, in bytes.
const maxDiffed = 2 << 20

// FilePatch is the difference that a write of content to the file name would
// make. What is no text, or too long to be looked at, is told by its size.
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
		return Patch{name, head + "not text: " + sizes}, nil
	}
	if len(old)+len(content) > maxDiffed {
		return Patch{name, head + "too long to show: " + sizes}, nil
	}
	text := udiff.Unified(from, "b/"+name, string(old), string(content))
	switch {
	case len(text) > maxPatch:
		text = head + "too long to show: " + sizes
	case text == "":
		text = head + "no line changes: " + sizes
	}
	return Patch{name, text}, nil
}

func isText(data []byte) bool { return utf8.Valid(data) && !strings.Contains(string(data), "\x00") }
