package runtimetest

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
)

// outputCases are about a command's output.
var outputCases = []testCase{
	{"StderrComesInOrder", func(t *testing.T, rt *runtime.Runtime) {
		wantText(t, rt, "echo 1; echo 2 >&2; echo 3; echo 4 >&2", "1\n2\n3\n4\n")
	}},
	{"LongLineKeepsHeadAndTail", func(t *testing.T, rt *runtime.Runtime) {
		const total = 50 << 20
		res := bash(t, rt, "printf begin; head -c 52428790 /dev/zero | tr '\\000' x; printf finis")
		if !res.Truncated || res.TotalBytes != total {
			t.Errorf("truncated %t, %d bytes, want %d", res.Truncated, res.TotalBytes, total)
		}
		if !strings.Contains(res.Text, "\nbeginx") || !strings.HasSuffix(res.Text, "xfinis") || !strings.Contains(res.Text, " bytes omitted …]") {
			t.Errorf("head, tail or marker is missing in %d bytes of text", len(res.Text))
		}
		if len(res.Text) > 2*runtime.DefaultOutputBytes {
			t.Errorf("%d bytes of text", len(res.Text))
		}
	}},
	{"LiveOutputIsWhatIsKept", func(t *testing.T, rt *runtime.Runtime) {
		var mu sync.Mutex
		var live strings.Builder
		res := rt.Bash(t.Context(), "for i in 1 2 3; do echo ä$i; echo e$i >&2; done", runtime.BashOptions{Output: func(delta string) {
			mu.Lock()
			defer mu.Unlock()
			if !utf8.ValidString(delta) {
				t.Errorf("delta %q is not UTF-8", delta)
			}
			live.WriteString(delta)
		}})
		_, kept, _ := strings.Cut(res.Text, "\n")
		if live.String() != kept || kept != "ä1\ne1\nä2\ne2\nä3\ne3\n" {
			t.Errorf("live %q, kept %q", live.String(), kept)
		}
	}},
}
