package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestNetworkSettings(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		flags      flags
		want       runtime.Network
		bad        string // in place of want
	}{
		{name: "nothing"},
		{name: "list", file: `network_allow = ["a.example:1"]`, want: runtime.Network{Allow: []string{"a.example:1"}}},
		{name: "full", file: `network = "full"`, want: runtime.Network{Full: true}},
		{name: "the flag beats the list", file: `network_allow = ["a.example:1"]`, flags: flags{network: "full"}, want: runtime.Network{Full: true}},
		{name: "the flag takes the list away", file: `network_allow = ["a.example:1"]`, flags: flags{network: "none"}},
		{name: "a flag's list beats full", file: `network = "full"`, flags: flags{allow: []string{"b.example:2"}}, want: runtime.Network{Allow: []string{"b.example:2"}}},
		{name: "bad entry", file: `network_allow = ["a.example:1", "https://b"]`, bad: `network_allow: "https://b" is no HOST:PORT`},
		{name: "bad flag", flags: flags{network: "open"}, bad: `network: "open"`},
		{name: "both flags", flags: flags{network: "full", allow: []string{"b.example:2"}}, bad: "network_allow: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.flags
			f.configFile = filepath.Join(t.TempDir(), "pygent.toml")
			if err := os.WriteFile(f.configFile, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := f.load("")
			if tt.bad != "" {
				var exit *exitError
				if !errors.As(err, &exit) || exit.code != exitUsage || !strings.Contains(err.Error(), tt.bad) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, chooseOptions(cfg, nil).Network); diff != "" {
				t.Error(diff)
			}
		})
	}
}
