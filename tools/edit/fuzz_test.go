package edit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
)

// places counts where old is in text, overlapping or not.
func places(text, old string) int {
	n := 0
	for i := 0; ; i++ {
		at := strings.Index(text[i:], old)
		if at < 0 {
			return n
		}
		i += at
		n++
	}
}

// FuzzReplace sees that an edit goes to exactly one place, or to all, and changes
// nothing else.
func FuzzReplace(f *testing.F) {
	for _, c := range replaceCases {
		f.Add(c.text, c.old, c.new, c.all)
	}
	f.Fuzz(func(t *testing.T, text, old, fresh string, all bool) {
		got, err := Replace(text, Replacement{Old: old, New: fresh, All: all})
		if err != nil {
			if len(err.Error()) > 10_000+len(old) {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if got.Text == text {
			t.Error("nothing changed, and no error")
		}
		exact := places(text, old)
		crlf := strings.Contains(text+fresh, "\r")
		switch {
		case got.Places != 1 && !all:
			t.Errorf("%d places", got.Places)
		case exact == 0 && len(got.Tolerated) == 0:
			t.Error("it did not fit exactly, and that is not said")
		case exact > 1 && !all && !crlf:
			t.Errorf("one of %d places was taken", exact)
		case exact == 1 && !all && !crlf && got.Text != strings.Replace(text, old, fresh, 1):
			t.Errorf("the one exact place became %q", got.Text)
		case exact > 0 && all && !crlf && got.Places == strings.Count(text, old) && got.Text != strings.ReplaceAll(text, old, fresh):
			t.Errorf("all places became %q", got.Text)
		}
		if !all {
			untouched(t, text, old, got.Text)
		}
		if endsOf(text).all("\r\n") && !strings.Contains(fresh, "\r") && strings.Contains(got.Text, "\n") && !endsOf(got.Text).all("\r\n") {
			t.Errorf("a CRLF file became %q", got.Text)
		}
	})
}

// untouched sees that no more lines changed than old has.
func untouched(t *testing.T, before, old, after string) {
	head := 0
	for head < min(len(before), len(after)) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < min(len(before), len(after))-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	if n := strings.Count(before[head:len(before)-tail], "\n"); n > strings.Count(old, "\n") {
		t.Errorf("%d lines changed of %q, which became %q", n, before, after)
	}
}

// FuzzParse sees that any text is a patch or an error, that what it is applies or
// gives an error, and that the difference of two texts makes one of the other.
func FuzzParse(f *testing.F) {
	for _, c := range parseCases {
		f.Add(c.patch, "x\ny\n")
	}
	for _, c := range applyCases {
		f.Add(patchOf(c.hunks, c.unified), c.text)
	}
	f.Fuzz(func(t *testing.T, patch, text string) {
		if changes, err := Parse(patch); err == nil {
			for _, c := range changes {
				got, err := c.Apply(text)
				if err == nil && c.Op == Update && got.Text == text && c.MoveTo == "" && c.Mode == nil {
					t.Error("nothing changed, and no error")
				}
			}
		}
		before, after := strings.ReplaceAll(patch, "\r", ""), strings.ReplaceAll(text, "\r", "")
		if strings.Contains("\n"+before, "\n--") || strings.Contains("\n"+after, "\n++") {
			return // such lines look like the headers of a file
		}
		diffRebuilds(t, splitLines(before), splitLines(after))
		sameAgain(t, before, after, udiff.Unified("a/f", "b/f", before, after))
		if strings.HasSuffix(before, "\n") && strings.HasSuffix(after, "\n") {
			shown, _, _ := Changed(before, after, 3)
			sameAgain(t, before, after, "--- a/f\n+++ b/f\n"+shown)
			shown, _, _ = Changed(before, after, 0)
			sameAgain(t, before, after, "--- a/f\n+++ b/f\n"+shown)
		}
	})
}

// diffRebuilds sees that long lists are compared right too.
func diffRebuilds(t *testing.T, a, b []string) {
	var got []string
	i := 0
	for _, d := range diffLong(a, b) {
		got = append(append(got, a[i:d.Start]...), b[d.ReplStart:d.ReplEnd]...)
		i = d.End
	}
	if got = append(got, a[i:]...); !slices.Equal(got, b) {
		t.Errorf("the difference of %q and %q makes %q", a, b, got)
	}
}

func sameAgain(t *testing.T, before, after, diff string) {
	if before == after {
		return
	}
	changes, err := Parse(diff)
	if err != nil {
		t.Errorf("%v:\n%s", err, diff)
		return
	}
	got, err := changes[0].Apply(before)
	if err != nil && !errors.Is(err, errNothingChanged) || err == nil && got.Text != after {
		t.Errorf("%q became %q, %v, by\n%s", before, got.Text, err, diff)
	}
}
