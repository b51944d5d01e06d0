package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/openai"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

// askTimeout bounds the question to the model. A local server may have to load the model.
const askTimeout = time.Minute

// containerTimeout bounds the check of a container.
const containerTimeout = 30 * time.Second

// model checks the endpoint and asks its model.
func (d *diagnosis) model(ctx context.Context, a *app, offline bool) {
	d.Servers = append(d.Servers, localserver.Find(ctx, localserver.Known())...)
	for _, s := range d.Servers {
		f := finding{Area: areaModel, Name: s.Name, OK: true, Detail: fmt.Sprintf("answers at %s with %d model(s)", s.BaseURL, len(s.Models))}
		if a.cfg.BaseURL != s.BaseURL {
			f.Cure = "to use it: " + s.Setting()
		}
		d.add(f)
	}
	switch {
	case a.cfg.APIKey == "" && a.cfg.BaseURL == "":
		d.add(finding{areaModel, "endpoint", false, true, "neither OPENAI_API_KEY nor OPENAI_BASE_URL is set", offer(d.Servers)})
		return
	case a.cfg.BaseURL == "":
		d.add(finding{Area: areaModel, Name: "endpoint", OK: true, Detail: openai.DefaultBaseURL + " with your key"})
	case a.cfg.APIKey == "":
		d.add(finding{Area: areaModel, Name: "endpoint", OK: true, Detail: a.cfg.BaseURL + " without a key"})
	default:
		d.add(finding{Area: areaModel, Name: "endpoint", OK: true, Detail: a.cfg.BaseURL + " with your key"})
	}
	if offline {
		d.add(finding{Area: areaModel, Name: "answer", OK: true, Detail: a.cfg.Model + " was not asked (--offline)"})
		return
	}
	d.add(ask(ctx, a.cfg))
}

// ask asks the model one short question, without retries.
func ask(ctx context.Context, cfg config.Config) finding {
	f := finding{Area: areaModel, Name: "answer", Needed: true}
	model, err := openai.New(openai.Options{BaseURL: cfg.BaseURL, APIKey: cfg.APIKey, Model: cfg.Model, Retries: -1, IdleTimeout: askTimeout})
	if err != nil {
		f.Detail, f.Cure = err.Error(), "correct OPENAI_BASE_URL"
		return f
	}
	defer model.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, &runtime.TimeoutError{Limit: askTimeout})
	defer cancel()
	begun := time.Now()
	reply, err := model.Chat(ctx, agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "Answer with the word ok."}}}, func(agent.Delta) {})
	var provider *agent.ProviderError
	switch {
	case err == nil:
		f.OK = true
		f.Detail = fmt.Sprintf("%s answered in %.1f s (%d tokens)", cfg.Model, time.Since(begun).Seconds(), reply.Usage.InputTokens+reply.Usage.OutputTokens)
	case errors.As(err, &provider) && (provider.HTTPStatus == http.StatusUnauthorized || provider.HTTPStatus == http.StatusForbidden):
		f.Detail, f.Cure = err.Error(), "give the endpoint's key in OPENAI_API_KEY"
	case errors.As(err, &provider) && provider.HTTPStatus >= 500:
		f.Detail, f.Cure = err.Error(), "the endpoint fails: try again later"
	case errors.As(err, &provider) && provider.HTTPStatus > 0:
		f.Detail, f.Cure = err.Error(), fmt.Sprintf("check whether the endpoint has a model %q, or name another in PYGENT_MODEL", cfg.Model)
	default:
		f.Detail, f.Cure = err.Error(), "start the server, or correct OPENAI_BASE_URL; behind a proxy set HTTPS_PROXY"
	}
	return f
}

// commands checks the runtimes of commands.
func (d *diagnosis) commands(ctx context.Context, a *app) {
	d.add(a.dockerFinding(ctx))
	for _, p := range local.Probe(ctx).Probes {
		d.add(finding{Area: areaCommands, Name: p.Name, OK: p.OK, Detail: cmp.Or(p.Detail, "works"), Cure: p.Cure})
	}
	_, err := a.runtimes.Choose(ctx)
	d.Runs, d.Runtime = err == nil, a.runtimes.Info(ctx)
	if d.Runs && d.Runtime.Kind == runtime.KindDocker {
		d.container(ctx, a.runtimes, a.cfg.Image)
	}
	f := finding{Area: areaCommands, Name: "commands", OK: d.Runs, Needed: true}
	if d.Runs {
		f.Detail = fmt.Sprintf("run in: %s, sandbox %s, network %s", d.Runtime.Kind, d.Runtime.Sandbox, d.Runtime.Network)
		if d.Runtime.Image != "" {
			f.Detail += ", image " + d.Runtime.Image
		}
	} else {
		f.Detail, f.Cure = d.Runtime.Reason, "apply one of the cures above, or give --sandbox=none to run commands without a sandbox"
		if a.cfg.Runtime == config.RuntimeDocker {
			f.Cure = "apply the cure of docker above, or give --no-docker (PYGENT_USE_DOCKER=0) to run commands locally"
		}
	}
	d.add(f)
}

// container starts a container, because only that shows whether a supervisor runs in it.
func (d *diagnosis) container(ctx context.Context, r *runtimes, image string) {
	ctx, cancel := context.WithTimeoutCause(ctx, containerTimeout, &runtime.TimeoutError{Limit: containerTimeout})
	defer cancel()
	f := finding{Area: areaCommands, Name: "container"}
	switch info, err := r.tryContainer(ctx); {
	case errors.Is(err, docker.ErrNoImage):
		f.Detail, f.Cure = "the first command pulls the image "+image, "run docker pull "+image+" to have the image ready"
	case err != nil:
		d.Runs, d.Runtime.Reason = false, strings.TrimPrefix(err.Error(), runtime.ErrUnavailable.Error()+": ")
		f.Detail, f.Cure = d.Runtime.Reason, "fix the error that Docker reports, or give --no-docker (PYGENT_USE_DOCKER=0) to run commands in the local sandbox"
	case info.Reason != "":
		d.Runtime.Reason = info.Reason
		f.Detail, f.Cure = info.Reason, "use a daemon on this machine and a program built for it with CGO_ENABLED=0, or give --no-docker for the local sandbox"
	default:
		f.OK, f.Detail = true, "starts with Pygent's supervisor and its filter of system calls"
	}
	d.add(f)
}

// tryContainer runs a command in a container and returns the container's runtime.Info.
func (r *runtimes) tryContainer(ctx context.Context) (info runtime.Info, err error) {
	if err := r.ProbeDocker(ctx); err != nil {
		return info, err // the check pulls no image
	}
	ws, err := runtime.TempWorkspace()
	if err != nil {
		return info, err
	}
	rt, err := r.make(ctx, ws)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, rt.Cleanup(context.WithoutCancel(ctx))) }()
	res := rt.Bash(ctx, "true", runtime.BashOptions{Timeout: containerTimeout})
	if res.Err == nil && (res.ExitCode == nil || *res.ExitCode != 0) {
		res.Err = errors.New(res.Text)
	}
	return rt.Info(), res.Err
}

// dockerFinding checks whether Docker works with the configured image.
func (a *app) dockerFinding(ctx context.Context) finding {
	f := finding{Area: areaCommands, Name: "docker"}
	if err := a.runtimes.ProbeDocker(ctx); err != nil {
		f.Detail, f.Cure = strings.TrimPrefix(err.Error(), runtime.ErrUnavailable.Error()+": "), dockerCure(err, a.cfg.Image)
		return f
	}
	f.OK, f.Detail = true, "the daemon answers and has the image "+a.cfg.Image
	return f
}

// dockerCure says how to make Docker usable. That is optional if there is a local sandbox.
func dockerCure(err error, image string) string {
	if errors.Is(err, docker.ErrNoImage) {
		return "run docker pull " + image + ", set pull = \"missing\" in pygent.toml, or name another image in PYGENT_IMAGE"
	}
	if _, missing := exec.LookPath("docker"); missing != nil && os.Getenv("DOCKER_HOST") == "" {
		return "install Docker (apt install docker.io, or https://docs.docker.com/get-docker), or use the local sandbox below"
	}
	return "fix the error after the address, or use the local sandbox below"
}
