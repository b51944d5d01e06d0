package search

import (
	"slices"
	"strings"
	"unicode"
)

// Points of a letter that fits.
const (
	pointLetter = 16
	pointNext   = 14 // it follows the one before directly
	pointStart  = 12 // it begins a name
	pointWord   = 10 // it begins a word in a name
	pointWhole  = 40 // the word is the whole name, or all before its extension
	minusGap    = 3  // letters are left out before it
	never       = -1 << 30
)

// judge rates texts by the words of a query. It is for one goroutine.
type judge struct {
	words [][]rune
	exact bool // letter case counts

	plain, folded []rune // scratch
	row, last     []int
}

func newJudge(query string) judge {
	j := judge{exact: strings.ContainsFunc(query, unicode.IsUpper)}
	for word := range strings.FieldsSeq(query) {
		j.words = append(j.words, []rune(strings.TrimPrefix(word, "./")))
	}
	return j
}

// score rates one text; ok is false where it does not have the letters of the word in
// their order. Of all ways to find them the best counts. The work is the product of both
// lengths.
func (j *judge) score(word []rune, text string) (best int, ok bool) {
	j.plain, j.folded = j.plain[:0], j.folded[:0]
	rest := word
	for _, r := range text {
		f := r
		if !j.exact {
			f = unicode.ToLower(r)
		}
		j.plain, j.folded = append(j.plain, r), append(j.folded, f)
		if len(rest) > 0 && rest[0] == f {
			rest = rest[1:]
		}
	}
	switch {
	case len(rest) > 0:
		return 0, false
	case len(word) == 0:
		return 0, true
	}
	j.row, j.last = fit(j.row, len(j.folded)), fit(j.last, len(j.folded))
	for i, letter := range word {
		j.row, j.last = j.last, j.row
		j.letter(i == 0, letter)
	}
	best = slices.Max(j.row)
	if stem, _, _ := strings.Cut(string(j.folded), "."); stem == string(word) || string(j.folded) == string(word) {
		best += pointWhole
	}
	return best, true
}

// letter fills row: the best score of a way that ends with the letter at each place. last
// has those of the letter before.
func (j *judge) letter(first bool, letter rune) {
	before := never // the best of last, but for the place just before
	for k, r := range j.folded {
		if k > 1 {
			before = max(before, j.last[k-2])
		}
		j.row[k] = never
		if r != letter {
			continue
		}
		way := 0
		if !first {
			way = before - minusGap
			if k > 0 {
				way = max(way, j.last[k-1]+pointNext)
			}
			if way < 0 {
				continue
			}
		}
		j.row[k] = way + pointLetter + j.begins(k)
	}
}

// begins are the points for a place where a name or a word begins.
func (j *judge) begins(k int) int {
	if k == 0 || j.plain[k-1] == '/' {
		return pointStart
	}
	was, is := j.plain[k-1], j.plain[k]
	switch {
	case !unicode.IsLetter(was) && !unicode.IsDigit(was),
		unicode.IsLower(was) && unicode.IsUpper(is),
		unicode.IsLetter(was) && unicode.IsDigit(is):
		return pointWord
	}
	return 0
}

// fit returns a slice of a length, made anew only where it is too short.
func fit(some []int, n int) []int {
	if cap(some) < n {
		return make([]int, n, 2*n)
	}
	return some[:n]
}
