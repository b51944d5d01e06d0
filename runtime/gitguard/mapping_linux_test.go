package gitguard_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/gitguard"
)

// TestWatchSeesMappings: a write through a memory mapping of a file changes
// neither its size nor its times.
func TestWatchSeesMappings(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	w := entered(t, dir)
	config := dir + "/sub/.git/config"
	files(t, dir, map[string]string{"sub/.git/HEAD": "ref: x\n", "sub/.git/config": "#" + strings.Repeat(" ", len(evil)-2) + "\n"})
	f, err := os.OpenFile(config, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	text, err := unix.Mmap(int(f.Fd()), 0, len(evil), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	defer func() { _ = unix.Munmap(text) }()
	text[1] = '#'
	before, err := os.Stat(config)
	must(t, err)
	for stamps := time.Now(); time.Since(stamps) < 200*time.Millisecond; { // until the stamps are settled
		must(t, w.Enter(gitguard.Guard{}))
		if notices := w.Leave(); len(notices) > 0 {
			t.Fatalf("%q", notices)
		}
	}
	copy(text, evil)
	if after, _ := os.Stat(config); !after.ModTime().Equal(before.ModTime()) {
		t.Log("the times do change here")
	}
	if notices := w.Leave(); len(notices) != 1 || !strings.Contains(notices[0], `sets "core.fsmonitor"`) {
		t.Errorf("%q", notices)
	}
}
