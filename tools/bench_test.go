package tools_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
	"github.com/pygent/pygent/tools/files"
)

// benchCaller makes the environment of calls in a directory of the benchmark.
func benchCaller(b *testing.B) (env tools.Env, reg *tools.Registry) {
	b.Helper()
	ws, err := runtime.OpenWorkspace(b.TempDir(), runtime.OpenOptions{State: filepath.Join(b.TempDir(), "pygent")})
	if err != nil {
		b.Fatal(err)
	}
	rt := runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{})
	b.Cleanup(func() { _ = rt.Cleanup(context.Background()) })
	reg, err = tools.NewRegistry(tools.ReadFile(), tools.EditFile())
	if err != nil {
		b.Fatal(err)
	}
	return tools.Env{Runtime: rt, Files: files.New()}, reg
}

// writeLines writes a file of about size bytes and returns the number of its lines.
func writeLines(b *testing.B, name string, size int) (lines int) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	rest := strings.Repeat("the quick brown fox ", 3) + "\n"
	for n := 0; n < size; lines++ {
		k, _ := fmt.Fprintf(w, "%09d %s", lines+1, rest)
		n += k
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return lines
}

// BenchmarkReadFileInAGigabyte reads 100 lines anywhere in a file of 1 GB: for the
// first time, which counts its lines, and later. MB/op is what a call allocates.
func BenchmarkReadFileInAGigabyte(b *testing.B) {
	env, reg := benchCaller(b)
	lines := writeLines(b, filepath.Join(env.Runtime.Workspace().Dir(), "large"), 1<<30)
	read := func(b *testing.B, env tools.Env) {
		b.Helper()
		first := 1 + rand.N(lines-100)
		res := reg.Call(b.Context(), env, "read_file", fmt.Sprintf(`{"path":"large","offset":%d,"limit":100}`, first))
		if res.IsError || !strings.Contains(res.Text, fmt.Sprintf("\t%09d the", first)) {
			b.Fatalf("%.200q", res.Text)
		}
	}
	measure := func(b *testing.B, env func() tools.Env) {
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		for b.Loop() {
			read(b, env())
		}
		goruntime.ReadMemStats(&after)
		b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1e6, "MB/op")
	}
	b.Run("first", func(b *testing.B) {
		measure(b, func() tools.Env { env.Files = files.New(); return env })
	})
	b.Run("later", func(b *testing.B) {
		env.Files = files.New()
		read(b, env)
		measure(b, func() tools.Env { return env })
	})
}

// BenchmarkEditFileOf10MB changes a line in the middle of a file of 10 MB, beside
// cp of the same file in the same run: x-cp is at most 3.
func BenchmarkEditFileOf10MB(b *testing.B) {
	env, reg := benchCaller(b)
	name := filepath.Join(env.Runtime.Workspace().Dir(), "large")
	lines := writeLines(b, name, 10<<20)
	cp, err := exec.LookPath("cp")
	if err != nil {
		b.Skip("no cp here")
	}
	words, turn := [2]string{"the quick", "THE quick"}, 0
	var copied, edited time.Duration
	for b.Loop() {
		begin := time.Now()
		if out, err := exec.Command(cp, name, name+".copy").CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		copied += time.Since(begin)
		if err := os.Remove(name + ".copy"); err != nil {
			b.Fatal(err)
		}
		begin = time.Now()
		args := fmt.Sprintf(`{"path":"large","old_string":"%09d %s","new_string":"%09d %s"}`, lines/2, words[turn%2], lines/2, words[(turn+1)%2])
		res := reg.Call(b.Context(), env, "edit_file", args)
		edited += time.Since(begin)
		if res.IsError || !strings.HasPrefix(res.Text, "Edited large (+1 -1)") {
			b.Fatalf("%.300q", res.Text)
		}
		turn++
	}
	b.ReportMetric(float64(copied.Microseconds())/float64(b.N)/1e3, "cp-ms/op")
	b.ReportMetric(float64(edited.Microseconds())/float64(b.N)/1e3, "edit-ms/op")
	b.ReportMetric(float64(edited)/float64(copied), "x-cp")
}
