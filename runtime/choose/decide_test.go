package choose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

func TestDecide(t *testing.T) {
	noDaemon := fmt.Errorf("%w: no daemon", runtime.ErrUnavailable)
	noImage := fmt.Errorf("%w: %w: x", runtime.ErrUnavailable, docker.ErrNoImage)
	strong, medium, none := runtime.SandboxStrong, runtime.SandboxMedium, runtime.SandboxNone
	container := Choice{Kind: runtime.KindDocker, Sandbox: runtime.SandboxContainer}
	localAt := func(level, why string) Choice {
		return Choice{Kind: runtime.KindLocal, Sandbox: level, Reason: why}
	}
	const asked = "local commands were asked for"
	for name, tt := range map[string]struct {
		opts    Options
		docker  error
		foresee string
		level   string // of the machine
		want    Choice
		refused []string // in place of want: what the error says
	}{
		"Docker where it is there":            {level: strong, want: container},
		"a weaker container is said":          {level: strong, foresee: "no supervisor", want: Choice{container.Kind, container.Sandbox, "no supervisor"}},
		"else local, and why":                 {docker: noDaemon, level: strong, want: localAt(strong, noDaemon.Error())},
		"medium is enough":                    {docker: noDaemon, level: medium, want: localAt(medium, noDaemon.Error())},
		"never none by itself":                {docker: noDaemon, level: none, refused: []string{"no daemon", "no sandbox here: userns: off (turn it on)", "--sandbox=none"}},
		"medium demanded and given":           {opts: Options{Require: medium}, docker: noDaemon, level: medium, want: localAt(medium, noDaemon.Error())},
		"medium demanded, none there":         {opts: Options{Require: medium}, docker: noDaemon, level: none, refused: []string{"no sandbox here"}},
		"strong demanded and given":           {opts: Options{Require: strong}, docker: noDaemon, level: strong, want: localAt(strong, noDaemon.Error())},
		"strong demanded, medium there":       {opts: Options{Require: strong}, docker: noDaemon, level: medium, refused: []string{"no daemon", "gives sandbox medium", "require_sandbox demands strong"}},
		"strong demanded of a container":      {opts: Options{Require: strong}, level: none, want: container}, // its executor demands the filter
		"consent counts where Docker is not":  {opts: Options{Sandbox: none}, docker: noDaemon, level: strong, want: localAt(none, noDaemon.Error())},
		"and not where it is":                 {opts: Options{Sandbox: none}, level: strong, want: container},
		"local was asked for":                 {opts: Options{Kind: runtime.KindLocal}, level: strong, want: localAt(strong, asked)},
		"local was asked for, none there":     {opts: Options{Kind: runtime.KindLocal}, level: none, refused: []string{asked, "no sandbox here"}},
		"local was asked for, with consent":   {opts: Options{Kind: runtime.KindLocal, Sandbox: none}, level: none, want: localAt(none, asked)},
		"local was asked for, medium is less": {opts: Options{Kind: runtime.KindLocal, Require: strong}, level: medium, refused: []string{asked, "demands strong"}},
		"Docker was asked for":                {opts: Options{Kind: runtime.KindDocker}, level: none, want: container},
		"Docker was asked for, no daemon":     {opts: Options{Kind: runtime.KindDocker}, docker: noDaemon, level: strong, refused: []string{"no daemon"}},
		"and consent does not replace it":     {opts: Options{Kind: runtime.KindDocker, Sandbox: none}, docker: noDaemon, level: strong, refused: []string{"no daemon"}},
		"an image is not pulled unasked":      {docker: noImage, level: strong, want: localAt(strong, noImage.Error())},
		"an image that will be pulled":        {opts: Options{Pull: docker.PullMissing}, docker: noImage, level: strong, want: container},
		"a pull is of no use without daemon":  {opts: Options{Pull: docker.PullMissing}, docker: noDaemon, level: strong, want: localAt(strong, noDaemon.Error())},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decide(t.Context(), tt.opts, machine(t, tt.docker, tt.foresee, tt.level))
			if tt.refused == nil {
				if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
					t.Errorf("%v\n%s", err, diff)
				}
				return
			}
			if got != (Choice{}) || !errors.Is(err, runtime.ErrUnavailable) {
				t.Errorf("%+v, %v", got, err)
			}
			for _, said := range tt.refused {
				if !strings.Contains(fmt.Sprint(err), said) {
					t.Errorf("%q is not said: %v", said, err)
				}
			}
		})
	}
}

// machine answers probes, and allows none that depends on a failed one.
func machine(t *testing.T, dockerFails error, reason, level string) probes {
	return probes{
		docker: func(context.Context) error { return dockerFails },
		foresee: func(context.Context) string {
			if dockerFails != nil && !errors.Is(dockerFails, docker.ErrNoImage) {
				t.Error("asked of a daemon that is not there")
			}
			return reason
		},
		local: func(context.Context) local.Report {
			return local.Report{Level: level, Probes: []local.ProbeResult{{Name: "userns", Detail: "off", Cure: "turn it on"}}}
		},
	}
}
