package search

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, tt := range []struct{ pattern, fits, not string }{
		{"*.go", "a.go .go", "a/b.go a.gox"},
		{"**/*.go", "a.go a/b.go a/b/c.go", "a.g a.go/b"},
		{"**", "a a/b a/b/c", ""},
		{"a/**", "a/b a/b/c", "b/a ab"},
		{"a/**/b", "a/b a/x/b a/x/y/b", "a/bb x/a/b"},
		{"**/a/**", "a/x x/a/y x/a/y/z", "x/b"},
		{"**/**/**/a", "a x/a x/y/z/a", "x/b"},
		{"a**b", "ab axb", "a/b axc"},
		{"{a,b}/*.{go,md}", "a/x.go b/x.md", "c/x.go a/x.c"},
		{"{a,b/c}/x", "a/x b/c/x", "b/x"},
		{"x{,y{1,2}}", "x xy1 xy2", "xy"},
		{"{a", "{a", "a"},
		{"a}", "a}", "a"},
		{`\{a,b\}`, "{a,b}", "a"},
		{"?.go", "a.go ä.go", "ab.go .go"},
		{"[ab]x", "ax bx [ab]x", "cx"},
		{"[!ab]x", "cx äx", "ax"},
		{"[^a-c]x", "dx", "bx"},
		{"[]a]x", "]x ax", "bx"},
		{"[ä-ü]x", "öx", "ax"},
		{"app/[id]/page.tsx", "app/[id]/page.tsx app/i/page.tsx", "app/x/page.tsx"},
		{"[a", "[a", "a"},
		{`a\*b`, "a*b", "axb"},
		{`a\`, `a\`, "a"},
		{"./a//b/", "a/b", "a"},
		{"*a*a*b", "aab xaxaxb", "ab"},
		{".", "", "a"},
	} {
		c, err := compile(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		for _, name := range strings.Fields(tt.fits) {
			if !c.fitsPath(name) {
				t.Errorf("%s does not fit %s", tt.pattern, name)
			}
		}
		for _, name := range strings.Fields(tt.not) {
			if c.fitsPath(name) {
				t.Errorf("%s fits %s", tt.pattern, name)
			}
		}
	}
}

func (c *pattern) fitsPath(name string) bool {
	at, elems := c.start(), strings.Split(name, "/")
	for _, elem := range elems[:len(elems)-1] {
		at = c.enter(at, elem, false)
	}
	return c.matches(at, elems[len(elems)-1], false)
}

func TestWrongPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                                    "is empty",
		"a\x00":                               "NUL",
		"../a":                                "leads out",
		"a/../../b":                           "leads out",
		"/a":                                  "leads out",
		"{a,/b}":                              "leads out",
		strings.Repeat("a", 5000):             "longer than",
		strings.Repeat("{a,b}", 11):           "more than 1024",
		strings.Repeat("{", 4096):             "",
		"{" + strings.Repeat(",", 2000) + "}": "more than 1024",
	} {
		_, err := compile(pattern)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.20q: %v, want %q", pattern, err, want)
		}
	}
}

// TestNoExponentialPattern would not end if work grew with more than the product of the
// pattern and the name.
func TestNoExponentialPattern(t *testing.T) {
	name := strings.Repeat(strings.Repeat("a", 100)+"/", 20) + strings.Repeat("a", 200)
	for _, pattern := range []string{
		strings.Repeat("**/", 1000) + "b",
		strings.Repeat("**/a*/", 500) + "b",
		strings.Repeat("**/*a*/", 500) + "**",
		"**/" + strings.Repeat("*a", 2000) + "b",
		strings.Repeat("{**,*a}/", 10) + "b",
		strings.Repeat("[", 4000),
	} {
		c, err := compile(pattern)
		if err != nil {
			t.Errorf("%.20s: %v", pattern, err)
			continue
		}
		if c.fitsPath(name) {
			t.Errorf("%.20s fits", pattern)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"**/*.go", "{a,b{c,d}}", "[!a-]", `\`, "[", "a/**/b", "{,}{,}"} {
		f.Add(seed, "a/b.go")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		c, err := compile(pattern)
		if err != nil {
			return
		}
		if strings.Contains(name, "\n") {
			return
		}
		c.fitsPath(name)
	})
}
