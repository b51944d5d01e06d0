package snapshot

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// reflinkEnv names, to the test that runs itself again, a directory on a file
// system that can share blocks.
const reflinkEnv = "PYGENT_TEST_REFLINK_DIR"

// mountScript makes a file system in a file and runs the test on it. The mount is in
// a namespace of its own, and ends with it.
const mountScript = `set -e
truncate -s 512M "$IMAGE"
$MKFS "$IMAGE" >/dev/null
mount -o loop "$IMAGE" "$PYGENT_TEST_REFLINK_DIR" || exit 77
exec "$0" -test.run='^TestReflink$' -test.v`

// Where the file system can share blocks the baseline of a large file takes no
// space, stays unchanged when the file is changed in place, and restores the
// file. It runs for root, where the kernel mounts such a file system.
func TestReflink(t *testing.T) {
	if dir := os.Getenv(reflinkEnv); dir != "" {
		checkReflink(t, dir)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system")
	}
	for mkfs, options := range map[string]string{"mkfs.btrfs": "-q", "mkfs.xfs": "-q -m reflink=1"} {
		t.Run(mkfs, func(t *testing.T) {
			for _, tool := range []string{mkfs, "unshare", "mount"} {
				if _, err := exec.LookPath(tool); err != nil {
					runtimetest.Missing(t, err)
				}
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			mount := filepath.Join(dir, "mount")
			if err := os.Mkdir(mount, 0o700); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "unshare", "-m", "sh", "-c", mountScript, self)
			cmd.Env = append(os.Environ(), "IMAGE="+filepath.Join(dir, "image"), "MKFS="+mkfs+" "+options, reflinkEnv+"="+mount)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			switch {
			case errors.As(err, &exit) && exit.ExitCode() == 77:
				t.Skipf("it cannot be mounted here: %s", out)
			case err != nil:
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

func checkReflink(t *testing.T, base string) {
	const size = 32 << 20
	s := &space{t: t, state: filepath.Join(base, "state")}
	dir := filepath.Join(base, "ws")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.open(dir, Options{})
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	s.write("large", string(content))
	before := used(t, base)
	out := s.turn(func() {
		if grown := used(t, base) - before; grown > size/4 {
			t.Errorf("the baseline of %d bytes took %d", size, grown)
		}
		f, err := os.OpenFile(s.path("large"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt([]byte("changed in place"), size/2)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	})
	noConflicts(t, s.revert(out.Changes))
	got, err := os.ReadFile(s.path("large"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file is not what it was: %d bytes, %v", len(got), err)
	}
	grown := used(t, base) - before
	if grown > size/4 {
		t.Errorf("both versions of %d bytes took %d", size, grown)
	}
	t.Logf("a baseline, a change and a revert of %d bytes took %d", size, grown)
}

// used are the bytes that the file system of dir holds, once all is written.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var st unix.Statfs_t
	if err := errors.Join(unix.Syncfs(int(f.Fd())), unix.Fstatfs(int(f.Fd()), &st)); err != nil {
		t.Fatal(err)
	}
	return int64(st.Blocks-st.Bfree) * st.Bsize
}
