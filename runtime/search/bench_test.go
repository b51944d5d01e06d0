package search_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/search"
)

// bench measures do beside its floor, another program that does the same, turn by turn in
// one run, after one turn of each that fills the caches. budget is the ratio that may be.
//
//	go test -run - -bench . -benchtime 7x ./runtime/search
func bench(b *testing.B, dir string, budget float64, do func(), program string, args ...string) {
	at, err := exec.LookPath(program)
	if err != nil {
		b.Skipf("%s is not installed, so there is no floor", program)
	}
	floor := func() {
		cmd := exec.Command(at, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 {
			b.Fatalf("%s: %v: %.200s", cmd, err, out)
		}
	}
	do()
	floor()
	var ours, theirs []time.Duration
	for b.Loop() {
		b.StopTimer()
		theirs = append(theirs, timed(floor))
		b.StartTimer()
		ours = append(ours, timed(do))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	us, them := ours[len(ours)/2], theirs[len(theirs)/2]
	b.ReportMetric(float64(us.Microseconds())/1000, "ms")
	b.ReportMetric(float64(them.Microseconds())/1000, "ms-"+program)
	b.ReportMetric(float64(us)/float64(them), "x-"+program)
	b.ReportMetric(budget, "x-budget")
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// BenchmarkSearch searches the same 100,000 files in all ways: making them takes longest.
func BenchmarkSearch(b *testing.B) {
	ws := manyFiles(b)
	b.Run("grep", func(b *testing.B) { benchGrep(b, ws) })
	b.Run("glob", func(b *testing.B) { benchGlob(b, ws) })
	b.Run("find", func(b *testing.B) {
		bench(b, ws.Dir(), 3, func() { // the floor only lists the files
			found, _, err := search.Find(b.Context(), ws, "d3f7", 0)
			if err != nil || len(found) == 0 {
				b.Fatal(err, found)
			}
		}, "find", ".")
	})
}

// benchGrep measures beside ripgrep.
func benchGrep(b *testing.B, ws *runtime.Workspace) {
	for _, tt := range []struct {
		name    string
		budget  float64
		options search.GrepOptions
	}{
		{"literal", 2, search.GrepOptions{Pattern: "needle_found"}},
		{"literal-none", 2, search.GrepOptions{Pattern: "needle_that_is_nowhere", Limit: 1}},
		{"literal-often", 2, search.GrepOptions{Pattern: "return"}},
		{"required", 2, search.GrepOptions{Pattern: `\w+_found\(\d+\)`}},
		{"required-often", 2, search.GrepOptions{Pattern: `return \w+\[\d+\]`}},
		{"case", 5, search.GrepOptions{Pattern: "NEEDLE_Found", IgnoreCase: true}},
		{"words", 15, search.GrepOptions{Pattern: `(alpha|gamma|omega)_\d{4}`}},
		{"classes", 15, search.GrepOptions{Pattern: `[A-Z][a-z]+\d{3}\s*=`}},
		{"boundary", 15, search.GrepOptions{Pattern: `\b\w{14}\b`}},
		{"lines", 15, search.GrepOptions{Pattern: `^\s+\w+ = \w+$`}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			args := []string{"--no-config", "--hidden", "--line-number", "--no-heading", "--regexp", tt.options.Pattern, "."}
			if tt.options.IgnoreCase {
				args = append(args, "--ignore-case")
			}
			if tt.options.Limit == 1 { // rg fails where it finds nothing
				args = append(args, "--files-without-match")
			}
			bench(b, ws.Dir(), tt.budget, func() {
				res, err := search.Grep(b.Context(), ws, tt.options)
				if err != nil || res.Missed.TimedOut || (len(res.Files) == 0) != (tt.options.Limit == 1) {
					b.Fatalf("%v, %+v", err, res.Missed)
				}
			}, "rg", args...)
		})
	}
}

// benchGlob measures beside find, which prints the times too.
func benchGlob(b *testing.B, ws *runtime.Workspace) {
	for _, tt := range []struct {
		name, pattern string
		find          []string
	}{
		{"some", "**/*7.go", []string{".", "-name", "*7.go", "-type", "f", "-printf", `%T@ %P\n`}},
		{"names", "**/*7.go", []string{".", "-name", "*7.go", "-type", "f"}},
		{"all", "**", []string{".", "-type", "f", "-printf", `%T@ %P\n`}},
		{"below", "d3/**/*.go", []string{"d3", "-name", "*.go", "-type", "f", "-printf", `%T@ %P\n`}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			bench(b, ws.Dir(), 1.5, func() {
				res, err := search.Glob(b.Context(), ws, search.GlobOptions{Pattern: tt.pattern})
				if err != nil || len(res.Paths) == 0 || res.Missed.TimedOut {
					b.Fatalf("%v, %+v", err, res.Missed)
				}
			}, "find", tt.find...)
		})
	}
}

// manyFiles makes a workspace of 100,000 files of about two kilobytes, in 1,000 directories;
// a twentieth of them in short mode.
func manyFiles(b *testing.B) *runtime.Workspace {
	outer := 10
	if testing.Short() {
		outer = 1
	}
	ws, err := runtime.TempWorkspace()
	must(b, err)
	b.Cleanup(func() { must(b, ws.Close()) })
	random := rand.New(rand.NewPCG(1, 2))
	must(b, os.Mkdir(filepath.Join(ws.Dir(), ".git"), 0o755)) // rg reads ignore files only in a repository
	must(b, os.WriteFile(filepath.Join(ws.Dir(), ".git/HEAD"), []byte("ref: refs/heads/main\n"), 0o644))
	must(b, os.WriteFile(filepath.Join(ws.Dir(), ".gitignore"), []byte("*.o\n*.pyc\n/build/\nnode_modules/\n.env\n*.log\n!keep.log\ndist\n*~\n*.swp\n"), 0o644))
	for d := range outer * 100 {
		dir := filepath.Join(ws.Dir(), fmt.Sprintf("d%d/s%d", d%10, d/10))
		must(b, os.MkdirAll(dir, 0o755))
		files := 100
		if testing.Short() {
			files = 50
		}
		for f := range files {
			must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d.go", f)), []byte(sourceText(random, d*files+f)), 0o644))
		}
	}
	return ws
}

// sourceText makes something like source code.
func sourceText(random *rand.Rand, n int) string {
	words := []string{"alpha", "beta", "value", "index", "result", "handler", "Context", "buffer", "length", "Request42", "gamma"}
	var text strings.Builder
	for range 20 + random.IntN(60) {
		a, b := words[random.IntN(len(words))], words[random.IntN(len(words))]
		switch random.IntN(5) {
		case 0:
			fmt.Fprintf(&text, "func %s_%s(%s int) error {\n", a, b, b)
		case 1:
			fmt.Fprintf(&text, "\treturn %s[%d]\n", a, random.IntN(100))
		case 2:
			fmt.Fprintf(&text, "\t%s = %s\n", a, b)
		default:
			fmt.Fprintf(&text, "\t// the %s of the %s is taken from %s_%d\n", a, b, a, random.IntN(1000))
		}
	}
	if n%1000 == 0 {
		fmt.Fprintf(&text, "\tneedle_found(%d)\n\tOmega123 = %d\n\tomega_1234\n\tabcdefghijklmn\n", n, n)
	}
	return text.String()
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
