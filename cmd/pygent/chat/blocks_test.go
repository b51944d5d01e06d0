package chat

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// split feeds text in chunks of n bytes.
func split(text string, n int) (pieces []piece) {
	var b blocks
	for len(text) > n {
		pieces = append(pieces, b.add(text[:n])...)
		text = text[n:]
	}
	return append(append(pieces, b.add(text)...), b.end()...)
}

func TestBlocks(t *testing.T) {
	long := strings.Repeat("a line of code\n", 600)
	for _, tt := range []struct {
		name, text string
		want       []piece
	}{
		{"paragraphs", "one\ntwo\n\n\nthree", []piece{{"one\ntwo", false}, {"three", false}}},
		{"code", "Look:\n```go\na\n\nb\n```\nso", []piece{{"Look:", false}, {"```go\na\n\nb\n```", false}, {"so", false}}},
		{"a longer fence", "````\n```\n````\nx", []piece{{"````\n```\n````", false}, {"x", false}}},
		{"a list with gaps", "1. a\n\n   more\n\n2. b\n\nend", []piece{{"1. a\n\n   more\n\n2. b", false}, {"end", false}}},
		{"code without an end", "```\na", []piece{{"```\na", false}}},
		{"nothing", "\n \n\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for n := 1; n <= len(tt.text); n++ {
				if d := cmp.Diff(tt.want, split(tt.text, n), cmp.AllowUnexported(piece{})); d != "" {
					t.Fatalf("in chunks of %d: %s", n, d)
				}
			}
		})
	}
	t.Run("a long list comes in pieces, between its items", func(t *testing.T) {
		item := "- an item\n  - nested, " + strings.Repeat("word ", 40) + "\n"
		for _, p := range split(strings.Repeat(item, 30), 64) {
			if !strings.HasPrefix(p.text, "- an item\n") || len(p.text) > 2*longList {
				t.Errorf("a piece of %d bytes: %q", len(p.text), p.text)
			}
		}
	})
	t.Run("each piece of a long table has its head", func(t *testing.T) {
		pieces := split("| a | b |\n|---|--:|\n"+strings.Repeat("| some | cells |\n", 400), 64)
		for _, p := range pieces {
			if !strings.HasPrefix(p.text, "| a | b |\n|---|--:|\n| some") || p.joined {
				t.Errorf("a piece begins with %.40q, joined %v", p.text, p.joined)
			}
		}
		if len(pieces) < 2 {
			t.Errorf("%d pieces", len(pieces))
		}
	})
	t.Run("long code comes in pieces", func(t *testing.T) {
		pieces := split("```go\n"+long+"```\n", 100)
		var lines int
		for i, p := range pieces {
			if p.joined != (i > 0) || !strings.HasPrefix(p.text, "```go\n") || !strings.HasSuffix(p.text, "\n```") {
				t.Errorf("piece %d: joined %v, %.20q … %q", i, p.joined, p.text, p.text[len(p.text)-10:])
			}
			lines += strings.Count(p.text, "a line of code")
		}
		if lines != 600 || len(pieces) < 2 {
			t.Errorf("%d lines in %d pieces", lines, len(pieces))
		}
	})
	t.Run("a long line comes in pieces", func(t *testing.T) {
		text := strings.Repeat("word ", 4000)
		var got string
		for _, p := range split(text, 64) {
			if len(p.text) > maxOpenBlock+64 {
				t.Errorf("a piece of %d bytes", len(p.text))
			}
			got += p.text
		}
		if got != text {
			t.Errorf("%d bytes of %d", len(got), len(text))
		}
	})
}

func FuzzBlocksAreTheSameHoweverTheyCome(f *testing.F) {
	f.Add("a\n\n- b\n\n  c\n```\nd\n```\n", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 1 || len(text) > maxOpenBlock/2 { // the pieces of long blocks depend on the chunks
			return
		}
		if d := cmp.Diff(split(text, len(text)), split(text, n), cmp.AllowUnexported(piece{})); d != "" {
			t.Error(d)
		}
	})
}
