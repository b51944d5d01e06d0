" A conversation: the markdown of models, with few and cheap rules. The editor's own markdown
" rules take 60 ms to draw a page of long lines.
if exists('b:current_syntax')
  finish
endif
syn match pygentHeading /^#\{1,6} .*/
syn match pygentList /^\s*\%([-*+]\|\d\+[.)]\)\ze /
syn match pygentQuote /^\s*>.*/
syn match pygentRule /^\s*\%(-\{3,}\|\*\{3,}\|_\{3,}\)\s*$/
syn match pygentBold /\*\*[^* ]\%([^*]*[^* ]\)\?\*\*/
syn match pygentCode /`[^`]\+`/
syn match pygentLink /\[[^]]\+\]([^) ]\+)/
syn region pygentFence start=/^\s*\z(`\{3,}\).*$/ end=/^\s*\z1`*\s*$/
syn region pygentBlock start=/^\z(\~\{3,}\)$/ end=/^\z1$/
syn sync minlines=100
hi def link pygentHeading Title
hi def link pygentList Special
hi def link pygentQuote Comment
hi def link pygentRule Comment
hi def pygentBold cterm=bold gui=bold
hi def link pygentCode String
hi def link pygentLink Underlined
hi def link pygentFence pygentNone
hi def link pygentBlock pygentNone
let b:current_syntax = 'pygent'
