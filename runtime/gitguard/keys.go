package gitguard

import (
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
)

// allowed lists the settings of git-config(1) that commands may make, by
// section (with " *" where it has a subsection). None makes git run a program,
// read a file of the user or write a file elsewhere. All other settings are
// removed: git has dozens that do such things, and gets new ones.
//
// Some that look harmless are missing: rebase.instructionFormat makes git write
// any line into the todo list of a rebase; url.*.insteadOf combines harmless
// parts into addresses that would be refused; an alias can be grep -O;
// merge.tool and pull.twohead can be paths.
var allowed = keyTable(map[string]string{
	"core": "abbrev autocrlf bare bigfilethreshold checkstat commentchar commentstring commitgraph compression deltabasecachelimit eol " +
		"filemode filesreflocktimeout fscache fsmonitor fsmonitorhookversion fsync fsyncmethod fsyncobjectfiles hidedotfiles ignorecase " +
		"ignorestat logallrefupdates longpaths loosecompression maxtreedepth multipackindex notesref packedgitlimit packedgitwindowsize " +
		"packedrefstimeout precomposeunicode preloadindex quotepath repositoryformatversion safecrlf sharedrepository sparsecheckout " +
		"sparsecheckoutcone splitindex symlinks trustctime untrackedcache usereplacerefs warnambiguousrefs whitespace worktree",
	"extensions": "compatobjectformat noop objectformat partialclone preciousobjects refstorage relativeworktrees worktreeconfig",
	"user":       "email name useconfigonly",
	"author":     "email name",
	"committer":  "email name",

	"remote":      "pushdefault",
	"remote *":    "fetch gh-resolved mirror partialclonefilter promisor prune prunetags push pushurl skipdefaultupdate skipfetchall tagopt url",
	"branch":      "autosetupmerge autosetuprebase sort",
	"branch *":    "description gh-merge-base github-pr-owner-number merge pushremote rebase remote vscode-merge-base",
	"submodule":   "active alternateerrorstrategy alternatelocation fetchjobs propagatebranches recurse",
	"submodule *": "active branch fetchrecursesubmodules ignore path update url",
	"http":        "extraheader lowspeedlimit lowspeedtime maxrequests postbuffer proxy version",
	"http *":      "extraheader lowspeedlimit lowspeedtime maxrequests postbuffer proxy version",
	"lfs":         "repositoryformatversion",
	"lfs *":       "access locksverify",
	"protocol":    "version",

	"am":       "keepcr threeway",
	"apply":    "ignorewhitespace whitespace",
	"checkout": "defaultremote guess thresholdforparallelism workers",
	"commit":   "cleanup gpgsign status verbose",
	"fetch":    "all fsckobjects negotiationalgorithm output parallel prune prunetags recursesubmodules showforcedupdates unpacklimit writecommitgraph",
	"init":     "defaultbranch defaultobjectformat defaultrefformat",
	"merge":    "autostash branchdesc conflictstyle defaulttoupstream directoryrenames ff log renamelimit renames renormalize stat suppressdest verbosity",
	"pull":     "autostash ff rebase",
	"push":     "autosetupremote default followtags negotiate pushoption recursesubmodules usebitmaps useforceifincludes",
	"rebase":   "abbreviatecommands autosquash autostash backend forkpoint maxlabellength missingcommitscheck rebasemerges reschedulefailedexec stat updaterefs",
	"rerere":   "autoupdate enabled",
	"sparse":   "expectfilesoutsideofpatterns",
	"stash":    "showincludeuntracked showpatch showstat",
	"tag":      "sort",
	"worktree": "guessremote userelativepaths",

	"gc":            "aggressivedepth aggressivewindow auto autodetach autopacklimit bigpackthreshold cruftpacks logexpiry packrefs pruneexpire reflogexpire reflogexpireunreachable rerereresolved rerereunresolved worktreepruneexpire writecommitgraph",
	"gc *":          "reflogexpire reflogexpireunreachable",
	"commitgraph":   "*",
	"feature":       "experimental manyfiles",
	"index":         "recordendofindexentries recordoffsettable skiphash sparse threads version",
	"maintenance":   "auto autodetach strategy",
	"maintenance *": "auto enabled schedule",
	"pack":          "allowpackreuse compression deltacachelimit deltacachesize depth indexversion packsizelimit threads usebitmaps usesparse window windowmemory writebitmaphashcache writebitmaplookuptable writereverseindex",
	"repack":        "packkeptobjects updateserverinfo usedeltabaseoffset usedeltaislands writebitmaps",
	"splitindex":    "*",
	"receive":       "advertiseatomic advertisepushoptions autogc denycurrentbranch denydeletecurrent denydeletes denynonfastforwards fsckobjects hiderefs keepalive maxinputsize shallowupdate unpacklimit updateserverinfo",
	"transfer":      "advertisesid credentialsinurl fsckobjects hiderefs unpacklimit",
	"uploadpack":    "allowanysha1inwant allowfilter allowreachablesha1inwant allowrefinwant allowtipsha1inwant hiderefs keepalive",

	"advice":      "*",
	"color":       "*",
	"color *":     "*",
	"column":      "*",
	"diff":        "algorithm autorefreshindex colormoved colormovedws context dirstat dstprefix ignoresubmodules indentheuristic interhunkcontext mnemonicprefix noprefix relative renamelimit renames srcprefix statgraphwidth statnamewidth submodule suppressblankempty wordregex wserrorhighlight",
	"diff *":      "algorithm binary funcname wordregex xfuncname",
	"grep":        "column extendedregexp fallbacktonoindex fullname linenumber patterntype threads",
	"i18n":        "commitencoding logoutputencoding",
	"log":         "abbrevcommit date decorate diffmerges excludedecoration follow graphcolors initialdecorationset mailmap showroot",
	"notes":       "displayref mergestrategy rewritemode rewriteref",
	"notes *":     "mergestrategy",
	"status":      "*",
	"versionsort": "suffix",
})

func keyTable(words map[string]string) map[string][]string {
	table := make(map[string][]string, len(words))
	for section, keys := range words {
		table[section] = strings.Fields(keys)
	}
	return table
}

// runs reports whether a setting of a command could make git run a program,
// take settings from elsewhere, or work on files elsewhere, which only the
// repository of a submodule must do.
func runs(s gitrepo.Setting, module bool) bool {
	section := s.Section
	if s.HasSub {
		section += " *"
	}
	keys := allowed[section]
	if !slices.Contains(keys, s.Key) && !slices.Contains(keys, "*") || strings.HasPrefix(s.Value, "!") {
		return true
	}
	is := func(values ...string) bool { return slices.Contains(values, strings.ToLower(s.Value)) }
	switch section + "." + s.Key {
	case "core.fsmonitor": // a program, or whether to use git's own
		return !s.Bare && !is("", "0", "1", "true", "false", "yes", "no", "on", "off")
	case "core.sharedrepository": // else others may write there
		return !is("umask", "false", "0", "no", "off")
	case "core.worktree":
		return !module || !strings.HasPrefix(s.Value, "../")
	case "extensions.refstorage": // new versions of git take an address there
		return !is("files", "reftable")
	case "submodule *.update":
		return !is("checkout", "rebase", "merge", "none")
	case "rebase.backend":
		return !is("merge", "apply")
	case "remote *.url", "remote *.pushurl", "remote.pushdefault", "branch *.remote", "branch *.pushremote", "submodule *.url", "checkout.defaultremote":
		return !isPlainURL(s.Value)
	}
	return false
}

// isPlainURL reports whether git reaches an address, or a remote's name, by
// itself. For other schemes it runs a program, and in a repository on this
// machine it runs hooks: none may be hidden inside another repository.
func isPlainURL(url string) bool {
	if strings.HasPrefix(url, "-") {
		return false
	}
	scheme, rest, has := strings.Cut(url, ":")
	switch {
	case has && strings.HasPrefix(rest, ":") && !strings.ContainsAny(scheme, "/["):
		return false // a helper
	case has && strings.HasPrefix(rest, "//") && !strings.Contains(scheme, "/"):
		if !slices.Contains([]string{"http", "https", "ssh", "git", "ssh+git", "git+ssh", "ftp", "ftps", "file"}, strings.ToLower(scheme)) {
			return false
		}
		if !strings.EqualFold(scheme, "file") {
			return true
		}
		url = rest
	}
	return !strings.Contains("/"+strings.ToLower(path.Clean(url)), "/"+gitrepo.Dir+"/")
}
