package trial

import (
	"fmt"
	"strings"
)

// Count holds how many cases of a theme ended in which way.
type Count map[Verdict]int

// Counts holds the cases of all themes.
type Counts struct {
	themes []string
	by     map[string]Count
}

// Add counts one case.
func (c *Counts) Add(theme string, v Verdict) {
	if c.by == nil {
		c.by = map[string]Count{}
	}
	if c.by[theme] == nil {
		c.themes = append(c.themes, theme)
		c.by[theme] = Count{}
	}
	c.by[theme][v]++
}

// Total adds the themes up.
func (c *Counts) Total() Count {
	sum := Count{}
	for _, count := range c.by {
		for v, n := range count {
			sum[v] += n
		}
	}
	return sum
}

// All is the number of cases.
func (c Count) All() int {
	n := 0
	for _, some := range c {
		n += some
	}
	return n
}

// AsExpected is the number of cases that ended as they should.
func (c Count) AsExpected() int { return c[AppliedRight] + c[RefusedRight] }

// String is the table of the themes, with a line for their sum.
func (c *Counts) String() string {
	var b strings.Builder
	row := func(name string, n Count) {
		fmt.Fprintf(&b, "%-22s %5d %9d %9d %9d %9d %9d\n", name, n.All(),
			n[AppliedRight], n[RefusedRight], n[AppliedWrong], n[RefusedWrongly], n[SaidWrongly])
	}
	fmt.Fprintf(&b, "%-22s %5s %9s %9s %9s %9s %9s\n", "", "", "applied", "refused", "applied", "refused", "said")
	fmt.Fprintf(&b, "%-22s %5s %9s %9s %9s %9s %9s\n", "theme", "cases", "right", "right", "wrong", "wrongly", "wrongly")
	for _, theme := range c.themes {
		row(theme, c.by[theme])
	}
	row("all", c.Total())
	return b.String()
}
