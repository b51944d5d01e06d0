package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/pygent/pygent/runtime"
)

// Patch is a set of changes as text.
type Patch struct {
	// Text is a unified diff that `git apply` accepts, except that it only
	// names binary files and files over 1 MiB. Directories are not in it.
	Text  string
	Files []Change // those in Text, in its order
	// Truncated is set if Text would be over 32 MiB: the patches of further
	// files are missing.
	Truncated bool
}

// Diff returns the changes of a record at paths and below; no paths means all.
// It needs only the store, and shows the contents of the record, not the
// present ones.
func (t *Tracker) Diff(ctx context.Context, r Record, paths []string) (Patch, error) {
	var p Patch
	var text strings.Builder
	for _, c := range r.Changes {
		if ctx.Err() != nil {
			return Patch{}, context.Cause(ctx)
		}
		if _, ok := c.Summary(); !ok || !c.in(paths) {
			continue
		}
		p.Files = append(p.Files, c)
		if p.Truncated {
			continue
		}
		one := t.patch(c)
		if p.Truncated = text.Len()+len(one) > maxPatchBytes; !p.Truncated {
			text.WriteString(one)
		}
	}
	p.Text = text.String()
	return p, nil
}

// in reports whether the change is at or below one of paths.
func (c Change) in(paths []string) bool {
	if len(paths) == 0 {
		return true
	}
	for _, p := range paths {
		for _, own := range []string{string(c.Path), string(c.From)} {
			if own != "" && (p == "." || own == p || strings.HasPrefix(own, p+"/")) {
				return true
			}
		}
	}
	return false
}

// patch returns one change in git's format. A file that became a link, or the
// reverse, is removed and added, as in git.
func (t *Tracker) patch(c Change) string {
	before, after := c.Before, c.After
	absent := State{Kind: Absent}
	if before.Kind == Dir {
		before = absent
	}
	if after.Kind == Dir {
		after = absent
	}
	if before.Kind != Absent && after.Kind != Absent && before.Kind != after.Kind {
		return t.sides(string(c.Path), string(c.Path), before, absent) + t.sides(string(c.Path), string(c.Path), absent, after)
	}
	from := string(c.Path)
	if c.Change == runtime.ChangeRenamed {
		from = string(c.From)
	}
	return t.sides(from, string(c.Path), before, after)
}

func (t *Tracker) sides(from, to string, before, after State) string {
	var b strings.Builder
	oldName, newName := quoteName("a/"+from), quoteName("b/"+to)
	fmt.Fprintf(&b, "diff --git %s %s\n", oldName, newName)
	switch {
	case before.Kind == Absent:
		fmt.Fprintf(&b, "new file mode %s\n", gitMode(after))
		oldName = "/dev/null"
	case after.Kind == Absent:
		fmt.Fprintf(&b, "deleted file mode %s\n", gitMode(before))
		newName = "/dev/null"
	case gitMode(before) != gitMode(after):
		fmt.Fprintf(&b, "old mode %s\nnew mode %s\n", gitMode(before), gitMode(after))
	}
	if from != to {
		fmt.Fprintf(&b, "similarity index 100%%\nrename from %s\nrename to %s\n", quoteName(from), quoteName(to))
	}
	if before.sameContent(after) && before.Uncovered == "" && after.Uncovered == "" {
		return b.String()
	}
	old, err := t.text(before)
	if err == nil {
		var new []byte
		if new, err = t.text(after); err == nil {
			b.WriteString(hunks(oldName, newName, old, new))
			return b.String()
		}
	}
	fmt.Fprintf(&b, "Binary files %s and %s differ\n", oldName, newName)
	return b.String()
}

// text returns the text that is compared line by line, or an error if it cannot
// be.
func (t *Tracker) text(s State) ([]byte, error) {
	switch {
	case s.Uncovered != "":
		return nil, errLost
	case s.Kind == Link:
		return []byte(s.Target), nil
	case s.Kind != File:
		return nil, nil
	case s.Size > maxDiffBytes:
		return nil, errLarge
	}
	data, err := t.store.read(s.Hash, maxDiffBytes)
	if err == nil && bytes.IndexByte(data, 0) >= 0 {
		err = errBinary
	}
	return data, err
}

// errBinary says that a content has no lines.
var errBinary = errors.New("binary")

// hunks returns the part of a patch from "---" on, "" if no lines differ.
func hunks(oldName, newName string, before, after []byte) string {
	text := udiff.Unified("", "", string(before), string(after))
	_, text, _ = strings.Cut(text, "\n") // drop the line with the labels, we write our own
	_, text, _ = strings.Cut(text, "\n")
	if text == "" {
		return ""
	}
	return "--- " + tabbed(oldName) + "\n+++ " + tabbed(newName) + "\n" + text
}

// tabbed ends a name with blanks by a tab, so that it is not cut there.
func tabbed(name string) string {
	if strings.ContainsRune(name, ' ') && name[0] != '"' {
		return name + "\t"
	}
	return name
}

// gitMode returns the mode in git's form.
func gitMode(s State) string {
	switch {
	case s.Kind == Link:
		return "120000"
	case s.Mode&0o100 != 0:
		return "100755"
	}
	return "100644"
}

// quoteName quotes a name as git does, if necessary.
func quoteName(name string) string {
	plain := true
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(name) {
		c := name[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			b.WriteByte(c)
			continue
		}
		plain = false
		switch c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteString(`\` + leftPad(strconv.FormatUint(uint64(c), 8)))
		}
	}
	if plain {
		return name
	}
	return b.String() + `"`
}

func leftPad(octal string) string { return "000"[len(octal):] + octal }

// count fills in the lines that a change added and removed.
func (t *Tracker) count(c *Change) {
	if c.Before.sameContent(c.After) && c.Before.Kind == File {
		return
	}
	before, err := t.text(c.Before)
	after, afterErr := t.text(c.After)
	if err != nil || afterErr != nil {
		c.Binary = errors.Is(err, errBinary) || errors.Is(afterErr, errBinary)
		return
	}
	if c.Before.Kind == Link || c.After.Kind == Link {
		return
	}
	if len(before) == 0 || len(after) == 0 {
		c.Added, c.Removed = lines(after), lines(before)
		return
	}
	for line := range strings.SplitSeq(hunks("", "", before, after), "\n") {
		switch {
		case strings.HasPrefix(line, "+"):
			c.Added++
		case strings.HasPrefix(line, "-"):
			c.Removed++
		}
	}
	c.Added, c.Removed = c.Added-1, c.Removed-1 // the two lines with the names
}

func lines(text []byte) int {
	n := bytes.Count(text, []byte{'\n'})
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}
