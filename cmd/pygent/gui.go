package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/rpc/web"
)

func guiCommand(std streams, f *flags) *cobra.Command {
	var noOpen bool
	cmd := &cobra.Command{
		Use:   "gui",
		Short: "Work with the agent in the browser",
		Long: `Gui serves a page on 127.0.0.1 and opens it in the browser. It works in the
current directory, or in --root. It prints the page's address on stderr. The
address holds a token: keep it to yourself. Ctrl-C ends the server.

All tabs show the same sessions, and a reload disturbs nothing. Sessions are
kept, and the next server can resume them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return gui(cmd.Context(), std, f, !noOpen)
		},
	}
	agentFlags(cmd, f)
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "print the address, do not open a browser")
	return cmd
}

func gui(ctx context.Context, std streams, f *flags, open bool) error {
	ctx, stop := untilEnded(ctx, os.Interrupt)
	defer stop()
	pages := &web.Pages{}
	d, closeAll, err := localDomain(ctx, std, f, pages)
	if err != nil {
		return err
	}
	defer closeAll()
	server, err := web.Listen(web.Options{Connect: d.connect, Pages: pages, Logger: d.app.log})
	if err != nil {
		return &exitError{exitFailed, err}
	}
	fmt.Fprintln(std.err, server.URL())
	if err := d.app.ready(); err != nil {
		fmt.Fprintln(std.err, "pygent:", err) // the page says it too, at the first message
	}

	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	served := make(chan error, 1)
	go func() { served <- server.Serve(serving) }()
	if open {
		if err := openBrowser(ctx, server.Ticket()); err != nil {
			fmt.Fprintln(std.err, "cannot open a browser: open the address above yourself:", err)
		}
	}
	select {
	case <-ctx.Done():
		d.app.shutdown(d) // before end, so that the pages get the last events
		end()
		err = <-served
	case err = <-served:
	}
	if err != nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// connect makes the server of another connection to the domain. The domain outlives the
// connection: neither the client's end nor its shutdown ends running work.
func (d *domain) connect() *rpc.Server {
	server := rpc.NewServer(rpc.Options{
		Version:         version(),
		MaxMessageBytes: web.DefaultMaxMessageBytes,
		Logger:          d.app.log,
		Initialize:      d.greet,
	})
	server.Provide(d.sessions, d.tasks)
	return server
}

// greet answers initialize. It refuses the client's settings, because they would change all
// clients. Without a model it looks for one on this machine.
func (d *domain) greet(ctx context.Context, p rpc.InitializeParams) (rpc.Setup, error) {
	if p.Root() != "" || p.InitializationOptions != nil {
		return rpc.Setup{}, fmt.Errorf("initialize: several clients share this server, so rootUri and initializationOptions are refused: give them to session/new")
	}
	setup, err := d.initialize(ctx, p)
	if err == nil && setup.NoModel != "" {
		setup.NoModel = noModel(ctx, localserver.Known()).Error()
	}
	return setup, err
}

// browserTimeout bounds the wait for the command that opens a browser. If the command is
// the browser itself, it goes on.
const browserTimeout = 2 * time.Second

// openBrowser opens url. Other users of this machine can read the command's arguments, so
// url must work only once.
func openBrowser(ctx context.Context, url string) error {
	var cmd *exec.Cmd
	switch goruntime.GOOS {
	case "darwin":
		cmd = exec.Command("open", url)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	default:
		cmd = exec.Command("xdg-open", url)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- cmd.Wait() }()
	select {
	case err := <-failed:
		return err
	case <-time.After(browserTimeout):
	case <-ctx.Done():
	}
	return nil
}
