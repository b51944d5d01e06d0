package main

import "github.com/spf13/cobra"

// choices are the values that a shell offers for flags, by name, wherever they
// stand. `pygent completion` writes the shell's side.
func choices() map[string][]string {
	return map[string][]string{
		"mode":      {"plan", "ask", "auto"},
		"log-level": {"debug", "info", "warn", "error"},
		"network":   {"none", "full"},
		"pull":      {"never", "missing"},
		"sandbox":   {"none"},
	}
}

// completeFlags teaches the commands below cmd, and cmd, what their flags take.
func completeFlags(cmd *cobra.Command) {
	for name, values := range choices() {
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			must(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
		}
	}
	if cmd.Flags().Lookup("root") != nil {
		must(cmd.MarkFlagDirname("root"))
	}
	for _, sub := range cmd.Commands() {
		completeFlags(sub)
	}
}

// must stops at a fault of the program: a flag that is not there.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
