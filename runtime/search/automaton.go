package search

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// automaton runs a program on lines, one table look-up for a byte. It makes the sets of
// nodes that the program can be in as they come up. It is for one goroutine.
type automaton struct {
	p     *program
	table [][256]uint16 // of a set and a byte to the next set; unknown, or hit
	sets  [][]int       // nodes of kind span and eol, in order
	ended []bool        // of a set: the line matches if it ends here
	byKey map[string]uint16
	built int
	given bool // it has given up: find and run say nothing any more

	seen  []int // of a node: the last closure that it was reached in
	round int   // the closure that is made now
	stack []int // scratch
}

// Values of the table beside the numbers of sets. The first set is the beginning of a line.
const (
	unknown uint16 = iota
	hit            // the line matches, or may
	firstSet
)

func newAutomaton(p *program) *automaton {
	a := &automaton{p: p, seen: make([]int, len(p.nodes))}
	a.reset()
	return a
}

// reset forgets all sets but the first.
func (a *automaton) reset() {
	a.table, a.sets, a.ended = make([][256]uint16, firstSet, 16), make([][]int, firstSet, 16), make([]bool, firstSet, 16)
	a.byKey = map[string]uint16{}
	var begin []int
	a.round++
	all := a.reach(&begin, a.p.start, true, false)
	a.put(begin, a.endsLine(begin, true)) // without a key: later sets are not at the beginning
	if all {
		for i := range a.table[firstSet] {
			a.table[firstSet][i] = hit
		}
		a.ended[firstSet] = true
	}
}

// put adds a set.
func (a *automaton) put(set []int, ended bool) {
	a.sets = append(a.sets, set)
	a.table = append(a.table, [256]uint16{})
	a.ended = append(a.ended, ended)
}

// add returns the number of a set, which may be new.
func (a *automaton) add(set []int) uint16 {
	slices.Sort(set)
	key := make([]byte, 0, 4*len(set))
	for _, i := range set {
		key = binary.NativeEndian.AppendUint32(key, uint32(i)) //nolint:gosec // an index of nodes
	}
	if n, known := a.byKey[string(key)]; known {
		return n
	}
	n := uint16(len(a.sets)) //nolint:gosec // maxSets at most
	a.byKey[string(key)] = n
	a.put(set, a.endsLine(set, false))
	return n
}

// endsLine reports whether a line matches that ends in a set. begin means that the line is
// empty.
func (a *automaton) endsLine(set []int, begin bool) bool {
	var more []int
	a.round++
	for _, i := range set {
		if n := a.p.nodes[i]; n.kind == eol && a.reach(&more, n.next, begin, true) {
			return true
		}
	}
	// An expression such as ^$ or x*$ can also match nothing at the end.
	return a.reach(&more, a.p.start, begin, true)
}

// reach adds the nodes that can be reached from one without a byte to a set, except
// those that this round has reached already. It returns true if that is the end of a
// match.
func (a *automaton) reach(set *[]int, from int, begin, end bool) (matches bool) {
	a.stack = append(a.stack[:0], from)
	for len(a.stack) > 0 {
		i := a.stack[len(a.stack)-1]
		a.stack = a.stack[:len(a.stack)-1]
		if a.seen[i] == a.round {
			continue
		}
		a.seen[i] = a.round
		switch n := &a.p.nodes[i]; n.kind {
		case accept:
			return true
		case fork:
			a.stack = append(a.stack, n.next, n.also)
		case bol:
			if begin {
				a.stack = append(a.stack, n.next)
			}
		case eol:
			*set = append(*set, i)
			if end {
				a.stack = append(a.stack, n.next)
			}
		case span:
			*set = append(*set, i)
		case fail:
		}
	}
	return false
}

// step makes one entry of the table.
func (a *automaton) step(set uint16, c byte) uint16 {
	if len(a.sets) >= maxSets {
		from := a.sets[set]
		a.reset()
		if set != firstSet {
			set = a.add(from)
		}
	}
	if a.built++; a.built > maxBuilt {
		a.given = true
		return hit
	}
	next, ok := firstSet, a.ended[set]
	switch {
	case c == '\n' && ok, c == '\r' && ok:
		next = hit
	case c == '\n':
	default:
		next = a.take(a.sets[set], c)
	}
	a.table[set][c] = next
	return next
}

// take returns what follows a set after a byte. A match can begin at each byte.
func (a *automaton) take(set []int, c byte) uint16 {
	var after []int
	a.round++
	for _, i := range set {
		if n := a.p.nodes[i]; n.kind == span && n.low <= c && c <= n.high && a.reach(&after, n.next, false, false) {
			return hit
		}
	}
	if a.reach(&after, a.p.start, false, false) {
		return hit
	}
	return a.add(after)
}

// run goes on in a set with data and returns where the line is known to match, -1 for
// nowhere, and the set at the end.
func (a *automaton) run(set uint16, data []byte) (at int, last uint16) {
	table := a.table
	for i, c := range data {
		next := table[set][c]
		if next <= hit {
			if next == unknown {
				next = a.step(set, c)
				table = a.table
			}
			if next == hit {
				return i, set
			}
		}
		set = next
	}
	return -1, set
}

// find returns where in data, which begins at the beginning of a line and ends at the
// end of one, the first line is known to match, -1 for none.
func (a *automaton) find(data []byte) int {
	at, set := a.run(firstSet, data)
	if at < 0 && a.ended[set] && !bytes.HasSuffix(data, []byte("\n")) {
		return max(0, len(data)-1)
	}
	return at
}
