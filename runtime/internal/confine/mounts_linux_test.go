package confine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWritableMounts(t *testing.T) {
	const mountinfo = `1 0 0:1 / / rw,relatime - overlay overlay rw
2 1 0:2 / /proc rw,nosuid - proc proc rw
3 2 0:3 / /proc/keys rw,nosuid - tmpfs tmpfs rw
4 1 0:4 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
5 4 0:5 / /dev/shm rw,nosuid shared:1 master:2 - tmpfs shm rw
6 1 0:6 / /sys ro - sysfs sysfs ro
7 6 0:7 / /sys/fs/cgroup rw - tmpfs tmpfs rw
8 1 0:8 / /workspace rw - ext4 /dev/a rw
9 8 0:8 / /workspace/.git/config ro - ext4 /dev/a rw
10 1 0:9 / /read-only-disk rw - ext4 /dev/b ro
11 1 0:8 / /with\040blank\134\012x rw - ext4 /dev/a rw
12 1 0:8 / /trailing\04 rw - ext4 /dev/a rw
13 broken line
`
	want := []string{"/dev/shm", "/workspace", "/with blank\\\nx", `/trailing\04`}
	if diff := cmp.Diff(want, writableMounts(mountinfo)); diff != "" {
		t.Error(diff)
	}
}
