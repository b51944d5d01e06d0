package search

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// program is an automaton over bytes that accepts at least the lines that an expression
// matches. It is larger than that in three points, which keep it small: word boundaries
// are everywhere, "$" is also before a carriage return, and any sequence of bytes beyond
// ASCII stands for a character of a class with many such characters. Where a line has
// one of these, the expression itself decides.
type program struct {
	nodes []node
	start int

	boundaries bool // it has word boundaries
	ends       bool // it has "$"
	wide       bool // it has a class with many characters beyond ASCII
}

type nodeKind byte

const (
	fork   nodeKind = iota // goes on at next and at also, without a byte
	span                   // takes one byte from low to high
	bol                    // goes on at the beginning of a line
	eol                    // goes on at the end of a line
	accept                 // the line matches
	fail
)

type node struct {
	kind       nodeKind
	low, high  byte
	next, also int
}

// fewRunes is up to how many characters beyond ASCII a class is taken exactly.
const fewRunes = 8

// newProgram returns nil for an expression that is too large.
func newProgram(prog *syntax.Prog) *program {
	p := &program{nodes: make([]node, len(prog.Inst)), start: prog.Start}
	for i := range prog.Inst {
		inst := &prog.Inst[i]
		next := int(inst.Out)
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			p.nodes[i] = node{kind: fork, next: next, also: int(inst.Arg)}
		case syntax.InstCapture, syntax.InstNop:
			p.nodes[i] = node{kind: fork, next: next, also: next}
		case syntax.InstMatch:
			p.nodes[i] = node{kind: accept}
		case syntax.InstFail:
			p.nodes[i] = node{kind: fail}
		case syntax.InstEmptyWidth:
			p.nodes[i] = p.empty(syntax.EmptyOp(inst.Arg), next)
		default:
			p.nodes[i] = node{kind: fork, next: next, also: next}
			if at := p.class(ranges(inst), next); at >= 0 {
				p.nodes[i].next, p.nodes[i].also = at, at
			} else {
				p.nodes[i] = node{kind: fail}
			}
		}
		if len(p.nodes) > 4*maxProgram {
			return nil
		}
	}
	return p
}

// empty is the node of an empty-width assertion. A line is matched as a text of its own.
func (p *program) empty(op syntax.EmptyOp, next int) node {
	switch {
	case op&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0:
		p.boundaries = true
		return node{kind: fork, next: next, also: next}
	case op&(syntax.EmptyEndLine|syntax.EmptyEndText) != 0:
		p.ends = true
		return node{kind: eol, next: next}
	}
	return node{kind: bol, next: next}
}

// ranges returns the characters of an instruction, as pairs.
func ranges(inst *syntax.Inst) []rune {
	if inst.Op == syntax.InstRuneAny || inst.Op == syntax.InstRuneAnyNotNL {
		return []rune{0, unicode.MaxRune}
	}
	if len(inst.Rune) > 1 {
		return inst.Rune
	}
	r := inst.Rune[0]
	all := []rune{r, r}
	if syntax.Flags(inst.Arg)&syntax.FoldCase != 0 {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			all = append(all, f, f)
		}
	}
	return all
}

// class adds the nodes for one character of a class and returns the first, -1 for an
// empty class.
func (p *program) class(pairs []rune, next int) int {
	first := -1
	add := func(n node) int {
		p.nodes = append(p.nodes, n)
		return len(p.nodes) - 1
	}
	either := func(at int) {
		if first >= 0 {
			at = add(node{kind: fork, next: first, also: at})
		}
		first = at
	}
	wide := 0
	for i := 0; i < len(pairs); i += 2 {
		low, high := pairs[i], pairs[i+1]
		if low < utf8.RuneSelf {
			either(add(node{kind: span, low: byte(low), high: byte(min(high, utf8.RuneSelf-1)), next: next})) //nolint:gosec // both are ASCII
		}
		if high >= utf8.RuneSelf {
			wide += int(high-max(low, utf8.RuneSelf)) + 1
		}
	}
	switch {
	case wide == 0:
	case wide <= fewRunes && !slices.Contains(pairs, utf8.RuneError):
		for i := 0; i < len(pairs); i += 2 {
			for r := max(pairs[i], utf8.RuneSelf); r <= pairs[i+1]; r++ {
				at := next
				for _, b := range slices.Backward(utf8.AppendRune(nil, r)) {
					at = add(node{kind: span, low: b, high: b, next: at})
				}
				either(at)
			}
		}
	default:
		p.wide = true
		loop := add(node{kind: fork})
		at := add(node{kind: span, low: utf8.RuneSelf, high: 0xff, next: loop})
		p.nodes[loop].next, p.nodes[loop].also = next, at
		either(at)
	}
	return first
}
