package gitguard

import (
	"slices"
	"testing"

	"github.com/pygent/pygent/runtime/gitrepo"
)

func TestRuns(t *testing.T) {
	for text, want := range map[string]bool{
		"[core]\nfsmonitor=true": false, "[core]\nfsmonitor=x": true, "[core]\nsshCommand=x": true, "[core]\npager=x": true, "[core]\neditor=x": true,
		"[core]\nhooksPath=x": true, "[core]\ngitProxy=x": true, "[core]\naskPass=x": true, "[core]\nworktree=/": true, "[sequence]\neditor=x": true,
		"[pager]\nlog=x": true, "[alias]\na=x": true, "[credential]\nhelper=x": true, "[credential \"https://x\"]\nhelper=x": true,
		"[gpg]\nprogram=x": true, "[gpg \"ssh\"]\ndefaultKeyCommand=x": true, "[diff]\nexternal=x": true, "[diff \"x\"]\ncommand=x": true,
		"[diff \"x\"]\ntextconv=x": true, "[diff \"x\"]\ncachetextconv=true": true, "[filter \"x\"]\nsmudge=x": true, "[filter \"x\"]\nrequired=true": true,
		"[merge \"x\"]\ndriver=x": true, "[mergetool \"x\"]\ncmd=x": true, "[include]\npath=x": true, "[includeIf \"gitdir:/\"]\npath=x": true,
		"[remote \"x\"]\nuploadpack=x": true, "[remote \"x\"]\nurl=ext::x": true, "[url \"ext::x\"]\ninsteadOf=https:": true, "[protocol \"ext\"]\nallow=always": true,
		"[submodule \"x\"]\nupdate=!x": true, "[interactive]\ndiffFilter=x": true, "[trailer \"x\"]\ncmd=x": true, "[init]\ntemplateDir=x": true,
		"[remote \"origin\"]\nurl=https://x\nfetch=+refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\nremote=origin\nmerge=refs/heads/main":            false,
		"[core]\nrepositoryformatversion=0\nfilemode=true\nbare=false\nlogallrefupdates=true\nignorecase=true\nprecomposeunicode=true\nautocrlf=input":      false,
		"[user]\nname=x\nemail=y\n[pull]\nrebase=true\n[push]\ndefault=simple\n[extensions]\nworktreeConfig=true\n[submodule \"x\"]\nactive=true\nurl=../x": false,

		// Settings that run programs or write elsewhere although their names do
		// not say so.
		"[merge]\ntool=../evil": true, "[diff]\ntool=../evil": true, "[diff]\nguitool=x": true, "[http]\ncookieFile=/x": true, "[http]\nsaveCookies=true": true,
		"[format]\noutputDirectory=/x": true, "[core]\nsharedRepository=0666": true, "[pull]\ntwohead=./evil": true, "[pull]\noctopus=./evil": true,
		"[branch \"m\"]\nmergeoptions=--strategy=./evil": true, "[commit]\ntemplate=/etc/passwd": true, "[rebase]\ninstructionFormat=%s%nexec evil": true,
		"[gc]\nrecentObjectsHook=x": true, "[gc]\nrepackFilterTo=/x": true, "[branch \"m\"]\nremote=ext::sh": true, "[remote]\npushDefault=fd::1": true,
		"[remote \"x\"]\nurl=-x": true, "[remote \"x\"]\nurl=evil://x": true, "[remote \"x\"]\npushurl=.git/evil": true, "[remote \"x\"]\nurl=file:///w/.GIT/modules/x": true,
		"[url \"ext:\"]\ninsteadOf=x": true, "[extensions]\nrefStorage=files:///x": true, "[something]\nnew=1": true, "[core \"x\"]\nabbrev=1": true,
		"[submodule \"x\"]\nupdate=checkout": false, "[submodule \"x\"]\npath=lib\nurl=git@h:a/b.git": false, "[core]\nquotepath=false": false,
		"[remote \"x\"]\npartialclonefilter=blob:none\npromisor=true\nurl=ssh://[::1]/a.git\npushurl=../b.git": false, "[http]\nproxy=http://p:3128": false,
		"[remote \"x\"]\nurl=/srv/a.git/\nurl=/srv/a/.git": false, "[branch]\nsort=-committerdate\n[color \"diff\"]\nmeta=red": false,
	} {
		all, err := gitrepo.ParseConfig(text)
		if got := slices.ContainsFunc(all, func(s gitrepo.Setting) bool { return runs(s, false) }); got != want || err != nil {
			t.Errorf("%q: %t, %v", text, got, err)
		}
	}
}
