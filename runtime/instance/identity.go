// Package instance tells this process from all others that there are, were and
// will be, and clears away what dead ones have left: directories that say whose
// they are, and records of the workspaces that they worked in.
//
// Everything unknown, foreign or unreadable proves nothing and is spared. The
// package must not know what is in the directories or done in the workspaces.
package instance

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"os"
	"sync"
)

// Identity is what proves, later and from another process, that a process is
// dead. Fields that are not known are empty and prove nothing.
type Identity struct {
	PID          int    `json:"pid"`
	StartTime    string `json:"startTime"` // in clock ticks since boot
	BootID       string `json:"bootId"`
	Host         string `json:"host"`
	Machine      string `json:"machine"`      // hosts can have the same name
	PIDNamespace string `json:"pidNamespace"` // a PID means something in one of them only
}

// tagLength is that of Identity.Tag.
const tagLength = 10

var self = sync.OnceValue(func() Identity {
	start, _ := startTime(os.Getpid()) // "" proves nothing, which is right
	host, _ := os.Hostname()
	return Identity{
		PID: os.Getpid(), StartTime: start, BootID: bootID(),
		Host: host, Machine: machineID(), PIDNamespace: pidNamespace(),
	}
})

// Self is the identity of this process.
func Self() Identity { return self() }

// Known reports whether the death of the process can ever be proved.
func (i Identity) Known() bool {
	return i.PID > 0 && i.StartTime != "" && i.BootID != "" && i.Host != "" && i.Machine != "" && i.PIDNamespace != ""
}

// Tag is a short name of the identity, letters A to Z and digits 2 to 7, for the
// names of files.
func (i Identity) Tag() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []any{i.PID, i.StartTime, i.BootID, i.Host, i.Machine, i.PIDNamespace}))
	return base32.StdEncoding.EncodeToString(sum[:])[:tagLength]
}

// ProvablyDead tells whether the process is gone: it ran on this machine, and
// there is no process of its PID any more, or that is another one, or the machine
// has been started again since.
func (i Identity) ProvablyDead() bool {
	here := Self()
	switch {
	case here.BootID == "" || i.BootID == "" || i.Host == "" || i.Host != here.Host:
		return false
	case here.Machine == "" || i.Machine != here.Machine:
		return false
	case i.BootID != here.BootID:
		return true
	case i.PIDNamespace == "" || i.PIDNamespace != here.PIDNamespace:
		return false
	case i.PID <= 0 || i.StartTime == "":
		return false
	}
	start, known := startTime(i.PID)
	return known && start != i.StartTime
}
