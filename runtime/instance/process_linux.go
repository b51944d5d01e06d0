package instance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// startTime returns when process pid began, in clock ticks since boot (field 22
// of proc_pid_stat(5)); "" if there is no such process. known is false if that
// could not be read.
func startTime(pid int) (start string, known bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, fs.ErrNotExist) {
		_, err := os.Stat("/proc/self/stat")
		return "", err == nil
	}
	if err != nil {
		return "", false
	}
	// The name, field 2, is in parentheses and can hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return "", false
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", true
	}
	return fields[19], true
}

// bootID returns an ID that changes at each boot; "" when unknown.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// machineID returns the ID of this machine, see machine-id(5). Without one it
// is the boot ID, which proves nothing after a reboot.
func machineID() string {
	id, err := os.ReadFile("/etc/machine-id")
	if text := strings.TrimSpace(string(id)); err == nil && text != "" && text != "uninitialized" {
		return text
	}
	return bootID()
}

// pidNamespace returns the name of the namespace of our PIDs; "" when unknown.
func pidNamespace() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return name
}
