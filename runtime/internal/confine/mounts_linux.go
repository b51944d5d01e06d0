package confine

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// WritableDirs returns the directories that the mounts of this process allow to
// write: each mount of its own that is not read-only, without the root, /dev
// itself, the kernel's own file systems, and the mount that holds the file
// except.
func WritableDirs(except string) ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, at := range writableMounts(string(text)) {
		if within(except, at) {
			continue
		}
		if info, err := os.Stat(at); err == nil && info.IsDir() { // a mount hidden by another one cannot be found
			dirs = append(dirs, at)
		}
	}
	return dirs, nil
}

// writableMounts returns the writable mounts in a mountinfo of proc(5).
func writableMounts(mountinfo string) (at []string) {
	for line := range strings.Lines(mountinfo) {
		own, fs, ok := strings.Cut(strings.TrimSpace(line), " - ")
		f, super := strings.Fields(own), strings.Fields(fs)
		if !ok || len(f) < 6 || len(super) < 3 {
			continue
		}
		if option(f[5], "ro") || option(super[2], "ro") {
			continue
		}
		switch path := unescape(f[4]); {
		case path == "/", path == "/dev", within(path, "/proc"), within(path, "/sys"):
		default:
			at = append(at, path)
		}
	}
	return at
}

func option(list, name string) bool { return slices.Contains(strings.Split(list, ","), name) }

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// unescape decodes the octal escapes of blanks, newlines and backslashes.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
