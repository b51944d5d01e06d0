//go:build unix

package docker

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime"
)

func TestFilesBelongToTheUser(t *testing.T) { eachWay(t, testFilesBelongToTheUser) }

func testFilesBelongToTheUser(t *testing.T, w way) {
	uid, gid := os.Getuid(), os.Getgid()
	for _, user := range []string{"", "65534:65533"} {
		t.Run("user "+user, func(t *testing.T) {
			ws := workspace(t)
			if user != "" {
				if os.Getuid() != 0 {
					t.Skip("only root can give the workspace to another user")
				}
				uid, gid = 65534, 65533
				if err := os.Chown(ws.Dir(), uid, gid); err != nil {
					t.Fatal(err)
				}
			}
			e := executor(t, ws, w.with(Options{User: user}))
			if out, exit := sh(t, e, "mkdir -p a && echo x >a/b && touch ~/x && echo done; setsid sleep 4400 &"); out != "done\n" || exit.Code != 0 {
				t.Fatalf("%q, %+v", out, exit)
			}
			for _, name := range []string{"a", "a/b"} {
				info, err := os.Stat(filepath.Join(ws.Dir(), name))
				if err != nil {
					t.Fatal(err)
				}
				stat := info.Sys().(*syscall.Stat_t)
				if int(stat.Uid) != uid || int(stat.Gid) != gid {
					t.Errorf("%s belongs to %d:%d, want %d:%d", name, stat.Uid, stat.Gid, uid, gid)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			started := make(chan struct{})
			go func() { <-started; cancel() }()
			if _, err := e.Exec(ctx, runtime.Command{Script: "setsid sleep 4401 & echo; sleep 4402"}, onceWriter(started)); err == nil {
				t.Error("a cancelled command succeeded")
			}
			wantNone(t, e, "sleep 440")
		})
	}
}
