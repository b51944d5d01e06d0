package protect

import (
	"strings"
	"sync"
)

// table has the parts of all names of the list, prepared for lookup.
type table struct {
	exact map[string][]step // by the part in the spellings of plain and short
	begin [256][]wild       // by the first byte of the text before the *
	end   [256][]wild       // parts that begin with the *, by their last byte
	begun uint64            // the used bits
}

// step is one part of an entry's name. Each part but the last has a bit.
type step struct {
	after  uint64 // the bit of the part before it, 0 for the first
	begins uint64 // its own bit, 0 for the last
	why    string
	never  bool
}

// wild is a part with a *.
type wild struct {
	prefix, suffix string
	step
}

func (w *wild) matches(spelled []byte) bool {
	n := len(spelled)
	return n >= len(w.prefix)+len(w.suffix) &&
		string(spelled[:len(w.prefix)]) == w.prefix && string(spelled[n-len(w.suffix):]) == w.suffix
}

var index = sync.OnceValue(func() *table {
	t := &table{exact: map[string][]step{}}
	for i, g := range Groups() {
		for _, e := range g.Entries {
			for _, name := range e.Names {
				t.add(name, step{why: e.Reason, never: i == 0})
			}
		}
	}
	return t
})

// add adds a name to the table. last is its last part.
func (t *table) add(name string, last step) {
	var before uint64
	parts := strings.Split(plain(name), "/")
	for i, part := range parts {
		s := step{after: before}
		if i == len(parts)-1 {
			s = last
			s.after = before
		} else {
			s.begins = t.bit()
		}
		before = s.begins
		t.addPart(part, s)
	}
}

// bit returns an unused bit.
func (t *table) bit() uint64 {
	free := t.begun + 1
	if free == 0 {
		panic("protect: more than 64 names of several parts")
	}
	t.begun |= free
	return free
}

func (t *table) addPart(part string, s step) {
	prefix, suffix, isWild := strings.Cut(part, "*")
	w := wild{prefix, suffix, s}
	switch {
	case !isWild:
		t.exact[part] = append(t.exact[part], s)
		t.exact[short(part)] = append(t.exact[short(part)], s)
	case strings.Contains(suffix, "*") || prefix+suffix == "":
		panic("protect: a name with more than one *, or nothing else: " + part)
	case prefix != "":
		t.begin[prefix[0]] = append(t.begin[prefix[0]], w)
	default:
		end := suffix[len(suffix)-1]
		t.end[end] = append(t.end[end], w)
	}
}
