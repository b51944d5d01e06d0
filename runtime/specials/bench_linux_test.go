package specials_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/specials"
)

var unixEpoch = time.Unix(1, 0)

// BenchmarkSearch reads 1,000 directories of ten files each. It runs beside the
// rest of a sandbox's start.
func BenchmarkSearch(b *testing.B) {
	dir := b.TempDir()
	for i := range 1000 {
		at := fmt.Sprintf("%s/%d/%d", dir, i/30, i)
		must(b, os.MkdirAll(at, 0o755))
		for j := range 10 {
			must(b, os.WriteFile(fmt.Sprintf("%s/%d", at, j), nil, 0o600))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		specials.Search([]string{dir}, nil)
	}
}

// BenchmarkFresh is the cost for each command, twice, with many servers on the
// host.
func BenchmarkFresh(b *testing.B) {
	for _, servers := range []int{0, 200, 2000} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			dir, out := b.TempDir(), b.TempDir()
			for i := range servers {
				listen(b, "unix", fmt.Sprintf("%s/%d", out, i))
			}
			g := specials.Search([]string{dir}, nil)
			g.Watch()
			b.ReportAllocs()
			for b.Loop() {
				if fresh := g.Fresh(); len(fresh) > 0 {
					b.Fatal(fresh)
				}
			}
		})
	}
}

// BenchmarkSearchWithFIFO also examines all processes, because of one FIFO.
func BenchmarkSearchWithFIFO(b *testing.B) {
	dir := b.TempDir()
	must(b, unix.Mkfifo(dir+"/pipe", 0o600))
	b.ReportAllocs()
	for b.Loop() {
		specials.Search([]string{dir}, nil)
	}
}
