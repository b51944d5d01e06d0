--- Colours the code blocks of a transcript, for languages whose parsers the editor has. It
--- colours a block once, when its message is complete, because parsing a growing text
--- repeatedly would block the editor longer and longer.
local api = vim.api

local M = {}

M.ns = api.nvim_create_namespace('pygent.code')

local MAX_BYTES = 16 * 1024 -- of a block; a longer one is not coloured
local ROWS = 40 -- coloured in one step

--- The parser of a block and its query. The language is the model's text, so only a plain
--- name is used to look up a parser.
---@param word string
---@param code string
---@return vim.treesitter.LanguageTree?, vim.treesitter.Query?
local function parser(word, code)
  if #code > MAX_BYTES or not word:find('^%a[%w_]*$') then
    return nil
  end
  local language = vim.treesitter.language.get_lang(word:lower()) or word:lower()
  local ok, found = pcall(vim.treesitter.get_string_parser, code, language)
  if not ok or not found then
    return nil
  end
  local has, query = pcall(vim.treesitter.query.get, language, 'highlights')
  return has and query and found or nil, has and query or nil
end

--- Adds the steps that colour a block: one step parses it, the others colour some rows each.
---@param buf integer
---@param row integer first of the code
---@param word string
---@param lines string[]
---@param steps fun()[] gets the steps
local function block(buf, row, word, lines, steps)
  local code = table.concat(lines, '\n')
  local mark = api.nvim_buf_set_extmark(buf, M.ns, row, 0, {}) -- the oldest rows may be deleted meanwhile
  local tree, query, root
  steps[#steps + 1] = function()
    tree, query = parser(word, code)
    root = tree and query and tree:parse()[1]:root()
  end
  for from = 0, #lines - 1, ROWS do
    steps[#steps + 1] = function()
      local top = api.nvim_buf_get_extmark_by_id(buf, M.ns, mark, {})[1]
      if not root or not top then
        return
      end
      for id, node in query:iter_captures(root, code, from, from + ROWS) do
        local name = query.captures[id]
        local first, left, last, right = node:range()
        local fresh = first >= from or from == 0
        if fresh and name:sub(1, 1) ~= '_' and name ~= 'spell' and last < #lines then
          api.nvim_buf_set_extmark(buf, M.ns, top + first, left, {
            end_row = top + last,
            end_col = right,
            hl_group = ('@%s.%s'):format(name, tree:lang()),
            strict = false,
          })
        end
      end
    end
  end
end

--- The steps that colour the blocks from a row on. Each takes a few milliseconds.
---@param buf integer
---@param from integer row
---@return fun()[]
function M.steps(buf, from)
  local lines, steps = api.nvim_buf_get_lines(buf, from, -1, false), {}
  local fence, word, first
  for i, line in ipairs(lines) do
    local indent, ticks, rest = line:match('^( ? ? ?)(```+)%s*(.-)%s*$')
    if fence and ticks and #ticks >= #fence and rest == '' then
      block(buf, from + first, word, vim.list_slice(lines, first + 1, i - 1), steps)
      fence = nil
    elseif not fence and ticks and indent and not rest:find('`', 1, true) then
      fence, word, first = ticks, rest:match('^%S*'), i
    end
  end
  return steps
end

return M
