"""The one list of what can be done: bindings, footer, help, palette and rights are all made from it.

Each Action is the Textual action `action_<name>` of the screen, widget or app that lists it. Its `id` is what
the config's keymap speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from textual.binding import Binding, BindingType

from kbatch_core.model.rights import Right

PATCH_JOBS = Right("patch")
CREATE_JOBS = Right("create")
DELETE_JOBS = Right("delete")
EXEC = Right("create", "pods", "exec")


class Action(Struct, frozen=True):
    """`title` is one or two words for the footer, `about` a sentence for help and palette.

    `hint`: shown in the footer, at most eight per focus. `needs` is the right it takes; None for what only looks.
    `writes`: switched off with --readonly, and while the data is stale unless it is `about_nothing_shown`.
    """

    id: str
    keys: str
    name: str
    title: str
    about: str
    group: str
    hint: bool = False
    needs: Right | None = None
    writes: bool = False
    about_nothing_shown: bool = False


def bindings(actions: Iterable[Action], *, priority: bool = False) -> list[BindingType]:
    """Textual bindings of the actions."""
    return [
        Binding(a.keys, a.name, a.title, show=a.hint, id=a.id, tooltip=a.about, priority=priority)
        for a in actions
    ]


def _a(
    id: str,
    keys: str,
    name: str,
    title: str,
    about: str,
    group: str,
    *,
    hint: bool = False,
    needs: Right | None = None,
    writes: bool = False,
    about_nothing_shown: bool = False,
) -> Action:
    return Action(id, keys, name, title, about, group, hint, needs, writes, about_nothing_shown)


APP = (
    _a("app.help", "question_mark,f1", "help", "Help", "Every key that works here.", "Dashboard", hint=True),
    _a(
        "app.palette",
        "colon,ctrl+p",
        "command_palette",
        "Commands",
        "Find a command by its name.",
        "Dashboard",
    ),
)

ALWAYS = (
    _a("app.exit", "ctrl+c", "exit", "Quit", "Leave the dashboard, from anywhere.", "Dashboard"),
    _a(
        "app.suspend",
        "ctrl+z",
        "suspend",
        "Suspend",
        "Back to the shell for now; `fg` comes back.",
        "Dashboard",
    ),
)

MOVES = (
    _a("table.down", "j,down", "move(1)", "Down", "One line down.", "Move"),
    _a("table.up", "k,up", "move(-1)", "Up", "One line up.", "Move"),
    _a("table.half-down", "ctrl+d", "move_half(1)", "Half a page down", "Half a page down.", "Move"),
    _a("table.half-up", "ctrl+u", "move_half(-1)", "Half a page up", "Half a page up.", "Move"),
    _a("table.page-down", "pagedown,ctrl+f", "move_page(1)", "Page down", "A page down.", "Move"),
    _a("table.page-up", "pageup,ctrl+b", "move_page(-1)", "Page up", "A page up.", "Move"),
    _a("table.first", "g,home", "move_first", "First", "The first line.", "Move"),
    _a("table.last", "G,end", "move_last", "Last", "The last line.", "Move"),
    _a("table.mark", "space", "mark", "Mark", "Mark the job, or take the mark away.", "Mark"),
    _a(
        "table.range",
        "V",
        "mark_range",
        "Range",
        "Mark from here to where you move; V again ends it.",
        "Mark",
    ),
    _a("table.fold", "t,right,left", "fold", "Tasks", "Show an array's tasks as lines, or fold them.", "See"),
)

QUEUE = (
    _a("queue.filter", "slash", "filter", "Filter",
       "Show what a text or regular expression finds; ! turns it round; -l team=ocean: labels.", "See", hint=True),
    _a("queue.all", "0", "show_group('')", "All", "Show every state.", "See"),
    _a("queue.running", "1", "show_group('running')", "Running", "Show or leave out what runs.", "See"),
    _a("queue.waiting", "2", "show_group('waiting')", "Waiting", "Show or leave out what waits.", "See"),
    _a("queue.done", "3", "show_group('done')", "Completed", "Show or leave out what completed.", "See"),
    _a("queue.failed", "4", "show_group('failed')", "Failed", "Show or leave out what failed.", "See"),
    _a("queue.cancelled", "5", "show_group('cancelled')", "Cancelled", "Show or leave out what was cancelled.",
       "See"),
    _a("queue.sort-left", "less_than_sign", "sort(-1)", "Sort left", "Sort by the column to the left.", "See"),
    _a("queue.sort-right", "greater_than_sign", "sort(1)", "Sort right", "Sort by the column to the right.", "See"),
    _a("queue.reverse", "S", "reverse", "Reverse", "Turn the order round.", "See"),
    _a("queue.copy", "Y", "copy", "Copy", "Copy the job's id, name or commands.", "See"),
    _a("queue.columns", "o", "columns", "Columns", "Choose the columns and their order.", "See"),
    _a("queue.scope", "A", "scope", "Whose", "Your jobs, everybody's in the namespace, all namespaces.", "See"),
    _a("queue.history", "H", "history", "History", "Show also the jobs that only the history in home has, or not.",
       "See"),
    _a("queue.detail", "d,enter", "open('detail')", "Details", "All about the job.", "See", hint=True),
    _a("queue.usage", "m", "open('detail', 'usage')", "Usage", "What the job uses and used, over time.", "See"),
    _a("queue.events", "e", "open('detail', 'events')", "Events", "What the cluster says about the job.", "See"),
    _a("queue.script", "v", "open('detail', 'script')", "Script", "The job's script.", "See"),
    _a("queue.yaml", "y", "open('detail', 'yaml')", "YAML", "The whole Job object.", "See"),
    _a("queue.logs", "l", "open('logs')", "Logs", "What the job prints.", "See", hint=True),
    _a("queue.log-pane", "vertical_line", "log_pane", "Log pane",
       "The log of the job under the cursor below the queue, beside it, or not.", "See"),
    _a("queue.zoom", "z", "zoom", "Zoom", "The queue or the log pane fills the screen, or no longer.", "See"),
    _a("queue.other", "tab", "other", "Other", "To the log pane, and back.", "Move"),
    _a("queue.submit", "n", "submit", "New", "Fill in a form and submit a job.", "Submit", hint=True),
    _a("queue.resubmit", "R", "resubmit", "Resubmit", "The form, filled in as this job was submitted.", "Submit"),
    _a("queue.cancel", "c", "cancel", "Cancel", "End the jobs and keep their record.", "Act",
       hint=True, needs=PATCH_JOBS, writes=True),
    _a("queue.hold", "h", "hold", "Hold", "Keep the jobs from starting.", "Act", hint=True, needs=PATCH_JOBS,
       writes=True),
    _a("queue.release", "u", "release", "Release", "Let held jobs go.", "Act", needs=PATCH_JOBS, writes=True),
    _a("queue.update", "T", "update", "Update", "Lower the time limit of what runs, or change an array's throttle.",
       "Act", needs=PATCH_JOBS, writes=True),
    _a("queue.rerun", "r", "rerun", "Rerun", "Submit the same job again.", "Act", needs=CREATE_JOBS, writes=True),
    _a("queue.delete", "x", "delete", "Delete", "Remove the jobs and their record from the cluster.", "Act",
       needs=DELETE_JOBS, writes=True),
    _a("queue.cancel-options", "C", "cancel_options", "Cancel which",
       "Cancel what waits, all of a name, all that is shown; or delete.", "Act", needs=PATCH_JOBS, writes=True),
    _a("queue.shell", "s", "shell", "Shell", "A shell in the job's pod.", "Act", needs=EXEC),
    _a("queue.attach", "a", "attach", "Attach", "What the job prints, in the terminal itself; Ctrl-C comes back.",
       "Act"),
    _a("queue.watch", "b", "watch", "Bell", "Ring when the job ends, or no longer.", "Act"),
    _a("queue.retry", "U", "retry", "Try again", "Ask the cluster again now.", "Dashboard"),
    _a("queue.back", "escape", "back", "Back", "One step back: range, marks, filter.", "See"),
    _a("queue.quit", "q", "leave", "Quit", "Leave the dashboard.", "Dashboard", hint=True),
)  # fmt: skip

DETAIL = (
    _a("detail.overview", "d", "tab('overview')", "Overview", "What is known of the job, and why it is as it is.",
       "See", hint=True),
    _a("detail.usage", "m", "tab('usage')", "Usage", "CPU and memory over time, against what was asked for.",
       "See", hint=True),
    _a("detail.tasks", "t", "tab('tasks')", "Tasks", "The tasks of an array.", "See"),
    _a("detail.events", "e", "tab('events')", "Events", "What the cluster says about it, in its own words.", "See",
       hint=True),
    _a("detail.script", "v", "tab('script')", "Script", "The script as it was submitted.", "See", hint=True),
    _a("detail.yaml", "y", "tab('yaml')", "YAML", "The whole Job object.", "See", hint=True),
    _a("detail.next", "tab,right", "step(1)", "Next page", "The next page.", "Move"),
    _a("detail.previous", "shift+tab,left", "step(-1)", "Previous page", "The page before.", "Move"),
    _a("detail.down", "j,down", "scroll(1)", "Down", "One line down.", "Move"),
    _a("detail.up", "k,up", "scroll(-1)", "Up", "One line up.", "Move"),
    _a("detail.half-down", "ctrl+d", "scroll_half(1)", "Half a page down", "Half a page down.", "Move"),
    _a("detail.half-up", "ctrl+u", "scroll_half(-1)", "Half a page up", "Half a page up.", "Move"),
    _a("detail.page-down", "pagedown,space", "scroll_half(2)", "Page down", "A page down.", "Move"),
    _a("detail.page-up", "pageup", "scroll_half(-2)", "Page up", "A page up.", "Move"),
    _a("detail.first", "g,home", "first", "First", "The first line.", "Move"),
    _a("detail.last", "G,end", "last", "Last", "The last line.", "Move"),
    _a("detail.retry", "U", "retry", "Try again", "Read it anew.", "Dashboard"),
    _a("detail.back", "q,escape", "back", "Back", "Back to the queue.", "Dashboard", hint=True),
    *(
        action
        for action in QUEUE
        if action.group == "Act" or action.id in ("queue.logs", "queue.copy", "queue.resubmit")
    ),
)  # fmt: skip

LOG_MOVES = (
    _a("log.down", "j,down", "move(1)", "Down", "One line down.", "Move"),
    _a("log.up", "k,up", "move(-1)", "Up", "One line up, and follow no longer.", "Move"),
    _a("log.half-down", "ctrl+d", "move_half(1)", "Half a page down", "Half a page down.", "Move"),
    _a("log.half-up", "ctrl+u", "move_half(-1)", "Half a page up", "Half a page up.", "Move"),
    _a("log.page-down", "pagedown,space,ctrl+f", "move_page(1)", "Page down", "A page down.", "Move"),
    _a("log.page-up", "pageup,ctrl+b", "move_page(-1)", "Page up", "A page up.", "Move"),
    _a("log.first", "g,home", "move_first", "First", "The first line.", "Move"),
    _a("log.end", "G,end", "end", "End", "To the last line, and follow.", "Move"),
    _a("log.left", "left", "move_sideways(-1)", "Left", "Back to the beginning of long lines.", "Move"),
    _a("log.right", "right", "move_sideways(1)", "Right", "Further along long lines.", "Move"),
)  # fmt: skip

LOG = (
    _a("log.follow", "f", "follow", "Follow", "Stay at the end as lines come, or stay here.", "See", hint=True),
    _a("log.search", "slash", "search", "Search", "Find a text or regular expression.", "Find", hint=True),
    _a("log.next", "n", "next(1)", "Next", "The next place where it is found.", "Find"),
    _a("log.before", "N", "next(-1)", "Before", "The place before.", "Find"),
    _a("log.filter", "ampersand", "filter", "Filter",
       "Show only the lines with a text or regular expression; ! first turns it round.", "Find", hint=True),
    _a("log.wrap", "w", "wrap", "Wrap", "Wrap long lines, or cut them.", "See", hint=True),
    _a("log.times", "t", "times", "Times", "Show when each line was written.", "See"),
    _a("log.tail", "0", "since(0)", "Tail", "The last lines.", "Which part"),
    _a("log.head", "1", "since(1)", "Head", "From the beginning.", "Which part"),
    _a("log.since-1m", "2", "since(2)", "1 minute", "The last minute.", "Which part"),
    _a("log.since-5m", "3", "since(3)", "5 minutes", "The last 5 minutes.", "Which part"),
    _a("log.since-15m", "4", "since(4)", "15 minutes", "The last 15 minutes.", "Which part"),
    _a("log.since-30m", "5", "since(5)", "30 minutes", "The last 30 minutes.", "Which part"),
    _a("log.since-1h", "6", "since(6)", "1 hour", "The last hour.", "Which part"),
    _a("log.previous", "p", "previous", "Previous", "The attempt before the newest one, or back.", "Which part"),
    _a("log.stderr", "e", "stderr", "Errors", "The file of stderr, where it has its own, or back.", "Which part"),
    _a("log.task", "a", "task", "Task", "Another task of the array, or all of them.", "Which part"),
    _a("log.copy", "Y", "copy", "Copy", "Copy the lines on the screen.", "See"),
    _a("log.save", "D", "save", "Save", "Write the whole log to a file, not only what is here.", "See", hint=True),
    _a("log.retry", "U", "retry", "Try again", "Read it anew.", "Which part"),
)  # fmt: skip

LOG_SCREEN = (
    _a("logs.split", "vertical_line", "split", "Split", "A second log beside this one, or one no longer.", "See",
       hint=True),
    _a("logs.zoom", "z", "zoom", "Zoom", "The log fills the screen, or no longer.", "See"),
    _a("logs.other", "tab", "other", "Other", "To the other of two logs.", "Move"),
    _a("logs.back", "q,escape", "back", "Back", "Search and filter away, then back to where you came from.",
       "Dashboard", hint=True),
)  # fmt: skip

FIELDS = (
    _a("form.down", "j,down,tab", "move(1)", "Down", "The next field.", "Move"),
    _a("form.up", "k,up,shift+tab", "move(-1)", "Up", "The field before.", "Move"),
    _a("form.page-down", "pagedown,ctrl+d,ctrl+f", "move_page(1)", "Page down", "A page down.", "Move"),
    _a("form.page-up", "pageup,ctrl+u,ctrl+b", "move_page(-1)", "Page up", "A page up.", "Move"),
    _a("form.first", "g,home", "move_end(0)", "First", "The first field.", "Move"),
    _a("form.last", "G,end", "move_end(-1)", "Last", "The last field.", "Move"),
    _a("form.clear", "x,delete,backspace", "clear", "Clear", "Empty the field.", "Fill in"),
    _a("form.take-over", "right,l", "take_over", "Take over",
       "Fill in what comes from the script, a config or an earlier job, to change it.", "Fill in"),
)  # fmt: skip

FORM = (
    _a("form.edit", "enter,i,space", "edit", "Edit", "Type the field: Enter keeps it, Esc gives up; or switch it.",
       "Fill in", hint=True),
    _a("form.submit", "s,ctrl+s", "submit", "Submit", "Check it with the cluster, ask, and submit it.", "Submit",
       hint=True, needs=CREATE_JOBS, writes=True, about_nothing_shown=True),
    _a("form.test", "t", "test", "Test", "What the cluster says to it; nothing is submitted.", "Submit",
       hint=True),
    _a("form.files", "o", "files", "Files", "Choose the script or notebook from the files in home.", "Fill in",
       hint=True),
    _a("form.search", "slash", "search", "Find", "Find an option by words of its help.", "Fill in", hint=True),
    _a("form.yaml", "y", "preview('yaml')", "YAML", "The Job as it would be sent.", "See", hint=True),
    _a("form.script", "v", "preview('script')", "Script", "The script that would be sent.", "See"),
    _a("form.more", "a", "more", "All options", "Show every option, or only the common ones.", "Fill in"),
    _a("form.editor", "e", "editor", "Editor", "Open the script in $EDITOR.", "Fill in"),
    _a("form.history", "H", "history", "History", "Begin from an earlier job.", "Begin"),
    _a("form.templates", "T", "templates", "Templates", "Begin from a template, or forget one.", "Begin"),
    _a("form.keep", "w", "keep", "Keep", "Keep the form as a template.", "Begin"),
    _a("form.undo", "u", "undo", "Undo", "Take the last change back.", "Fill in"),
    _a("form.empty", "N", "empty", "Empty", "Empty every field.", "Begin"),
    _a("form.copy", "Y", "copy", "Copy", "Copy the kbatch command.", "See"),
    _a("form.back", "q,escape", "back", "Back", "Back to the queue; what is filled in stays until next time.",
       "Dashboard", hint=True),
)  # fmt: skip

FILES = (
    _a("files.down", "j,down", "move(1)", "Down", "One line down.", "Move"),
    _a("files.up", "k,up", "move(-1)", "Up", "One line up.", "Move"),
    _a("files.page-down", "pagedown,ctrl+d,ctrl+f,space", "move_page(1)", "Page down", "A page down.", "Move"),
    _a("files.page-up", "pageup,ctrl+u,ctrl+b", "move_page(-1)", "Page up", "A page up.", "Move"),
    _a("files.first", "g,home", "move_end(0)", "First", "The first line.", "Move"),
    _a("files.last", "G,end", "move_end(-1)", "Last", "The last line.", "Move"),
    _a("files.open", "enter,e,right,l", "open", "Open", "Open the folder, or take the file.", "Files"),
    _a("files.close", "left,h", "close", "Close", "Close the folder.", "Files"),
    _a("files.hidden", "full_stop", "hidden", "Hidden", "Show hidden files, or no longer.", "Files"),
    _a("files.find", "slash", "find", "Find", "To the next name with a text.", "Files"),
    _a("files.again", "n", "again", "Again", "To the next one.", "Files"),
)  # fmt: skip

REBINDABLE = frozenset(
    action.id
    for actions in (APP, ALWAYS, MOVES, QUEUE, DETAIL, LOG_MOVES, LOG, LOG_SCREEN, FIELDS, FORM, FILES)
    for action in actions
)
"""The ids that the config's keymap may have."""
