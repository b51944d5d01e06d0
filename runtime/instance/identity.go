// Package instance gives this process an identity that no other process ever
// has, and removes what dead processes have left: directories that name their
// owner, and records of the workspaces that they worked in.
//
// It removes only what provably belongs to a dead process, and leaves all that
// is unknown, foreign or unreadable. The package must not know what the
// directories hold or what is done in the workspaces.
package instance

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"os"
	"sync"
)

// Identity is the data by which another process can later prove that this
// process is dead. Unknown fields are empty and prove nothing.
type Identity struct {
	PID          int    `json:"pid"`
	StartTime    string `json:"startTime"` // in clock ticks since boot
	BootID       string `json:"bootId"`
	Host         string `json:"host"`
	Machine      string `json:"machine"`      // hosts can have the same name
	PIDNamespace string `json:"pidNamespace"` // a PID is valid in one of them only
}

// tagLength is the length of Identity.Tag.
const tagLength = 10

var self = sync.OnceValue(func() Identity {
	start, _ := startTime(os.Getpid()) // "" proves nothing
	host, _ := os.Hostname()
	return Identity{
		PID: os.Getpid(), StartTime: start, BootID: bootID(),
		Host: host, Machine: machineID(), PIDNamespace: pidNamespace(),
	}
})

// Self returns the identity of this process.
func Self() Identity { return self() }

// Known reports whether the death of the process can ever be proved.
func (i Identity) Known() bool {
	return i.PID > 0 && i.StartTime != "" && i.BootID != "" && i.Host != "" && i.Machine != "" && i.PIDNamespace != ""
}

// Tag returns a short name of the identity for file names: letters A to Z and
// digits 2 to 7.
func (i Identity) Tag() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []any{i.PID, i.StartTime, i.BootID, i.Host, i.Machine, i.PIDNamespace}))
	return base32.StdEncoding.EncodeToString(sum[:])[:tagLength]
}

// ProvablyDead reports whether the process is certainly gone: it ran on this
// machine, and either no process has its PID now, or another one has, or the
// machine has rebooted since.
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
