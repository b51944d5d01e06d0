package edit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Result is a changed text.
type Result struct {
	Text      string
	Places    int      // replaced passages, or applied hunks
	Tolerated []string // what did not fit exactly, for the model
}

// Replacement asks to replace Old by New, at its only place or at all places.
type Replacement struct {
	Old, New string
	All      bool
}

var errNothingChanged = errors.New("nothing would change: the new text is what the file has")

// Replace replaces one passage of text, or with All each. Where Old is nowhere as it
// stands, differences are overlooked step by step: line ends, line numbers of
// read_file, trailing white space, leading white space that differs evenly, and
// typographic characters. The first step that finds Old decides, and with All alone
// may it find several. The error tells the model what to correct.
//
// Lines keep their line ends, and new ones get those of the line before. A last
// newline of Old fits the end of a text that has none, which then New's is for.
func Replace(text string, r Replacement) (Result, error) {
	if r.Old == "" {
		return Result{}, errors.New("old_string is empty: give the text to replace")
	}
	if r.Old == r.New {
		return Result{}, errors.New("nothing would change: old_string and new_string are equal")
	}
	f := newFinder(text)
	for m := range f.steps(passage{old: r.Old, new: r.New}) {
		f.look(&m, r.All)
		switch {
		case f.work < 0:
			return Result{}, errTooAmbiguous
		case len(m.places) == 0:
			continue
		case len(m.places) > 1 && !r.All:
			return Result{}, f.several(m.places)
		}
		return f.replace(&m)
	}
	bare, _ := passage{old: r.Old, new: r.New}.withoutNumbers()
	return Result{}, fmt.Errorf("old_string is not in the file. %s%s", nearest(text, bare.old, "old_string", false, -1), already(text, r.New))
}

func (f *finder) replace(m *match) (Result, error) {
	var b strings.Builder
	b.Grow(len(f.text) + max(0, len(m.new)-len(m.old))*min(len(m.places), 1000))
	result := Result{Places: len(m.places)}
	done, changed := 0, false
	for i, p := range m.places {
		b.WriteString(f.text[done:p.start])
		before := b.Len()
		f.put(&b, m, p)
		done = p.end
		changed = changed || b.String()[before:] != f.text[p.start:p.end]
		if m.fold != 0 || m.numbers || p.open || i == 0 {
			result.tolerate(f.differences(m, p))
		}
	}
	b.WriteString(f.text[done:])
	if !changed {
		return Result{}, errNothingChanged
	}
	result.Text = b.String()
	return result, nil
}

// tolerate adds what is not said yet.
func (r *Result) tolerate(said []string) {
	for _, s := range said {
		if len(r.Tolerated) < maxSaid && !slices.Contains(r.Tolerated, s) {
			r.Tolerated = append(r.Tolerated, s)
		}
	}
}

// maxSaid bounds what is listed for the model in one result or error.
const maxSaid = 20

// several says where the places are.
func (f *finder) several(places []place) error {
	return fmt.Errorf("old_string is at %s of the file. Add lines around it until it is at one, or set replace_all", f.whereAre(places))
}

// whereAre counts the places and gives their lines: "3 places (lines 4, 18, 40)".
func (f *finder) whereAre(places []place) string {
	count := strconv.Itoa(len(places))
	if len(places) > maxPlaces {
		count = "more than " + strconv.Itoa(maxPlaces)
	}
	var lines []string
	line, offset := 1, 0
	for _, p := range places[:min(len(places), maxSaid)] {
		line += strings.Count(f.text[offset:p.start], "\n")
		offset = p.start
		if n := strconv.Itoa(line); len(lines) == 0 || lines[len(lines)-1] != n {
			lines = append(lines, n)
		}
	}
	more := ""
	if len(places) > maxSaid {
		more = " …"
	}
	name := "lines "
	if len(lines) == 1 {
		name = "line "
	}
	return fmt.Sprintf("%s places (%s%s%s)", count, name, strings.Join(lines, ", "), more)
}
