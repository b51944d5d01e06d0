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
	"github.com/pygent/pygent/agent/openai"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

// askTimeout bounds the question to the model: a local server may have to load it.
const askTimeout = time.Minute

// model looks for an endpoint and asks it.
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
		d.add(finding{areaModel, "endpoint", false, true, "neither a key nor a local server is set", offer(d.Servers)})
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

// ask puts one short question to the model, once.
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
	reply, err := model.Chat(ctx, agent.Request{Messages: []agent.Message{{Role: agent.RoleUser, Content: "Answer with the word ok."}}}, func(agent.Delta) {})
	var provider *agent.ProviderError
	switch {
	case err == nil:
		f.OK = true
		f.Detail = fmt.Sprintf("%s answered in %.1f s (%d tokens)", cfg.Model, time.Since(begun).Seconds(), reply.Usage.InputTokens+reply.Usage.OutputTokens)
	case errors.As(err, &provider) && (provider.HTTPStatus == http.StatusUnauthorized || provider.HTTPStatus == http.StatusForbidden):
		f.Detail, f.Cure = err.Error(), "give the endpoint's key in OPENAI_API_KEY"
	case errors.As(err, &provider) && provider.HTTPStatus >= 500:
		f.Detail, f.Cure = err.Error(), "the endpoint has trouble of its own: try again later"
	case errors.As(err, &provider) && provider.HTTPStatus > 0:
		f.Detail, f.Cure = err.Error(), fmt.Sprintf("see whether the endpoint has a model %q; PYGENT_MODEL names another", cfg.Model)
	default:
		f.Detail, f.Cure = err.Error(), "start the server, or correct OPENAI_BASE_URL; behind a proxy set HTTPS_PROXY"
	}
	return f
}

// commands tries what commands could run in.
func (d *diagnosis) commands(ctx context.Context, a *app) {
	d.add(a.runtimes.dockerFinding(ctx))
	for _, p := range local.Probe(ctx).Probes {
		d.add(finding{Area: areaCommands, Name: p.Name, OK: p.OK, Detail: cmp.Or(p.Detail, "works"), Cure: p.Cure})
	}
	_, err := a.runtimes.choose(ctx)
	d.Runs, d.Runtime = err == nil, a.runtimes.info(ctx)
	f := finding{Area: areaCommands, Name: "commands", OK: d.Runs, Needed: true}
	if d.Runs {
		f.Detail = fmt.Sprintf("run in: %s, sandbox %s, network %s", d.Runtime.Kind, d.Runtime.Sandbox, d.Runtime.Network)
		if d.Runtime.Image != "" {
			f.Detail += ", image " + d.Runtime.Image
		}
	} else {
		f.Detail, f.Cure = d.Runtime.Reason, "one of the cures above, or --sandbox=none to run them unconfined"
		if a.cfg.Runtime == config.RuntimeDocker {
			f.Cure = "the cure of docker above, or --no-docker (PYGENT_USE_DOCKER=0) to run them locally"
		}
	}
	d.add(f)
}

// dockerFinding is whether Docker could be used with the configured image.
func (r *runtimes) dockerFinding(ctx context.Context) finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := finding{Area: areaCommands, Name: "docker"}
	if err := r.probe(ctx); err != nil {
		f.Detail, f.Cure = strings.TrimPrefix(err.Error(), runtime.ErrUnavailable.Error()+": "), dockerCure(err, r.cfg.Image)
		return f
	}
	f.OK, f.Detail = true, "the daemon answers and has the image "+r.cfg.Image
	return f
}

// dockerCure is what would make Docker usable. None of it is needed where there
// is a local sandbox.
func dockerCure(err error, image string) string {
	if errors.Is(err, docker.ErrNoImage) {
		return "docker pull " + image + ", or pull = \"missing\" in pygent.toml, or name another image: PYGENT_IMAGE"
	}
	if _, missing := exec.LookPath("docker"); missing != nil && os.Getenv("DOCKER_HOST") == "" {
		return "install Docker (apt install docker.io, or https://docs.docker.com/get-docker), or use the local sandbox below"
	}
	return "see what it says after the address, or use the local sandbox below"
}
