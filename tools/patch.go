package tools

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/edit"
)

// maxPatch bounds the diff shown for one file, in bytes. A longer diff is not
// cut, because the user would approve the hidden part too: a line says that it is
// too long.
const maxPatch = 1 << 20

// maxDiffed bounds both sides of a comparison of whole texts, in bytes.
const maxDiffed = 2 << 20

// FilePatch returns the diff that a write of content to the file name would make.
// For content that is not text, or too long, it gives the sizes.
func FilePatch(ws *runtime.Workspace, name string, content []byte) (Patch, error) {
	old, err := ws.ReadFile(name, runtime.MaxFileBytes)
	missing := errors.Is(err, runtime.ErrNotFound)
	if err != nil && !missing {
		return Patch{}, err
	}
	return diffTexts(name, name, string(old), string(content), !missing, true), nil
}

// diffTexts returns the diff between two texts of files. was and is say whether
// there is a file before, and after.
func diffTexts(from, to, before, after string, was, is bool) Patch {
	p := Patch{Path: to}
	from, to = "a/"+from, "b/"+to
	if !was {
		from = "/dev/null"
	}
	if !is {
		to = "/dev/null"
	}
	head := fmt.Sprintf("--- %s\n+++ %s\n", from, to)
	sizes := fmt.Sprintf("%d bytes become %d bytes\n", len(before), len(after))
	if !isText(before) || !isText(after) {
		p.Patch = head + "not text: " + sizes
		return p
	}
	if len(before)+len(after) > maxDiffed { // it compares only what is between the common head and tail
		if shown, added, removed := edit.Changed(before, after, contextLines); added+removed > 0 {
			p.Patch = head + shown
		}
	} else {
		p.Patch = udiff.Unified(from, to, before, after)
	}
	switch {
	case len(p.Patch) > maxPatch:
		p.Patch = head + "too long to show: " + sizes
	case p.Patch == "":
		p.Patch = head + "no line changes: " + sizes
	}
	return p
}

func isText(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }
