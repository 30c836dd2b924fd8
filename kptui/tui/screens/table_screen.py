"""A table that covers the explorer: filtered as one types, sorted by a column, the selected row in full below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import on, work
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from kptui.text import number_of, visible
from kptui.tui.copying import Item
from kptui.tui.empty import next_step
from kptui.tui.keys import INSTEAD_KEYS, RULE_KEYS, VIEW_KEYS, Key, bindings
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.copy_menu import copy_from
from kptui.tui.screens.help import HelpScreen
from kptui.tui.screens.row_keys import RowKeys
from kptui.tui.settings.fields import settings_of
from kptui.tui.table_model import TableModel, TableState
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place
from kptui.tui.widgets.bars import KeyBar, TopBar
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.search_bar import SearchBar
from kptui.tui.widgets.table_list import TableList
from kptui.tui.widgets.view_line import ViewLine

NO_ROWS = "There are no rows to sort."
ORDERED = "These rows have one order only."
HERE = "This is that view: {view_close} closes it."


class TableScreen(RowKeys):
    """What all tables share; a subclass says which items there are and what they lead to."""

    BINDINGS: ClassVar = bindings((*VIEW_KEYS, *INSTEAD_KEYS))
    KEYS: ClassVar[tuple[Key, ...]] = VIEW_KEYS
    """The keys that its key bar and its help tell."""

    VIEW: ClassVar = ""
    """Which one it is in the line of views."""

    WAITING: ClassVar = "reading …"
    """What is said until the items are there."""

    class Loaded(Message):
        """The items have been read."""

        def __init__(self, items: Sequence[Any]) -> None:
            """The items, not yet filtered or sorted."""
            self.items = items
            super().__init__()

    class Arranged(Message):
        """The rows have been filtered and sorted; only the newest number counts."""

        def __init__(self, number: int, shown: list[Any]) -> None:
            """The rows in their order."""
            self.number = number
            self.shown = shown
            super().__init__()

    def __init__(self, name: str, about: str, model: TableModel[Any]) -> None:
        """`name` stands above the table, `about` (the source) in the line at the top."""
        super().__init__()
        self.table_name = name
        self.about = about
        self.model = model
        self._arranging = 0
        self._restored = model.state.row
        self._kept: Any = None

    # What subclasses say ----------------------------------------------------------------------------------------

    def load(self) -> Sequence[Any]:
        """All items; runs in a thread."""
        raise NotImplementedError

    def at_hand(self) -> Sequence[Any] | None:
        """All items where they are known already, None where they have to be read."""
        return None

    def detail(self, item: Any) -> RenderableType:
        """An item in full; texts of a dump go in as Text, never as markup."""
        raise NotImplementedError

    def chosen(self, item: Any) -> Chosen | None:
        """What enter leads to, None if it leads nowhere."""
        return None

    def summary(self) -> list[str]:
        """What the line at the top says of all items."""
        return [number_of(len(self.model.items), "row")]

    def nothing(self) -> str:
        """What is said where there are no items at all."""
        return "There is nothing to show."

    # What they get ----------------------------------------------------------------------------------------------

    @property
    def state(self) -> TableState:
        """How the table is looked at."""
        return self.model.state

    @property
    def rows(self) -> TableList:
        """The list of rows."""
        return self.query_one(TableList)

    def step(self, by: int, stops: Callable[[Any], object]) -> bool:
        """Go to the next item that is a stop, or the one before (`by` -1); False if there is none that way."""
        at = self.rows.cursor
        found = [row for row, item in enumerate(self.model.shown) if stops(item) and (row - at) * by > 0]
        if found:
            self.rows.go_to(found[0] if by > 0 else found[-1])
        return bool(found)

    def compose(self) -> Iterator[Widget]:
        """Table above, detail below."""
        yield TopBar(id="top")
        yield ViewLine(self.VIEW)
        yield TableList(self.model, id="table")
        with VerticalScroll(id="table-detail"):
            yield Static(id="table-detail-text", markup=False)
        yield SearchBar("words or numbers, each of which has to fit", id="search")
        yield KeyBar(tuple(key for key in self.KEYS if self._can(key)))

    def _can(self, key: Key) -> bool:
        """Whether a key does something in this table."""
        if self.OF_NODES and key in RULE_KEYS:
            return False
        return key.action.startswith("app.") or hasattr(self, f"action_{key.action.partition('(')[0]}")

    def on_mount(self) -> None:
        """Show the items, read in the background unless they are at hand."""
        # A str would be read as markup, and there are names of a dump's in it.
        self.rows.border_title = Text(self.table_name)
        self.rows.waiting = self.WAITING
        self.query_one(TopBar).show(self.about, [], "")
        self.rows.focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show_detail())
        items = self.at_hand()
        if items is None:
            self._load()
        else:
            self.call_after_refresh(self._begin, items)

    @work(thread=True, exclusive=True, group="load", exit_on_error=False)
    def _load(self) -> None:
        self.post_message(self.Loaded(self.load()))

    @on(Loaded)
    def loaded(self, event: Loaded) -> None:
        """Show the items once they are read, for the first time or again."""
        (self.renew if self.model.items else self._begin)(event.items)

    def _begin(self, items: Sequence[Any]) -> None:
        """Show the items as they were looked at last."""
        self.model.items = items
        self.query_one(TopBar).show(self.about, self.summary(), "")
        if self.state.words:
            self.query_one(SearchBar).show_text(self.state.words)
        self.rearrange()

    def renew(self, items: Sequence[Any]) -> None:
        """Show other items, the cursor staying on what it is on if that is among them."""
        self._kept = self.rows.item
        self.model.items = items
        self.query_one(TopBar).show(self.about, self.summary(), "")
        self.rearrange()

    def same(self, one: Any, other: Any) -> bool:
        """Whether two items, of an older reading and of a newer one, are about the same."""
        return bool(one == other)

    def rearrange(self) -> None:
        """Filter and sort: at once where that is quick, else in the background."""
        self._arranging += 1
        if self.state.words.strip() or self.model.columns[self.state.order].slow:
            self.rows.border_subtitle = "…"
            self._arrange(self._arranging, TableState(self.state.words, self.state.order, self.state.reverse))
        else:
            self._show(self.model.arranged(self.state))

    @work(thread=True, exclusive=True, group="arrange", exit_on_error=False)
    def _arrange(self, number: int, state: TableState) -> None:
        shown = self.model.arranged(state, lambda: number != self._arranging)
        self.post_message(self.Arranged(number, shown))

    @on(Arranged)
    def arranged(self, event: Arranged) -> None:
        """Show the rows, unless something else has been asked for by now."""
        if event.number == self._arranging:
            self._show(event.shown)

    def _show(self, shown: list[Any]) -> None:
        self.model.shown = shown
        self.rows.waiting = "" if self.model.items else self.nothing()
        kept, self._kept = self._kept, None
        if kept is not None:
            same = (row for row, item in enumerate(shown) if self.same(kept, item))
            self._restored = next(same, self.rows.cursor)
        self.rows.changed(self._restored)
        self._restored = 0
        count = f"{len(shown):,} of {len(self.model.items):,}" if self.state.words.strip() else ""
        self.query_one(SearchBar).count(count)
        self.rows.border_subtitle = count
        self.query_one(ViewLine).refresh()
        self._show_detail()

    def _show_detail(self) -> None:
        item = self.rows.item
        block = self.query_one("#table-detail", VerticalScroll)
        block.set_class(item is None, "-empty")
        shown = self.detail(item) if item is not None else Text(self._what_next())
        block.display = bool(shown)
        self.query_one("#table-detail-text", Static).update(shown)
        block.scroll_home(animate=False)

    def _what_next(self) -> str:
        """What can be done where there is no row; in full why there is none, if that was too long for one line."""
        if self.rows.waiting.startswith(self.WAITING):
            return ""
        if self.model.items:
            return next_step("filter", settings_of(self.app), words=visible(self.state.words.strip()))
        why = f"{self.nothing()} " if len(self.nothing()) > self.app.size.width - 6 else ""
        return why + next_step(self.missing(), settings_of(self.app))

    def missing(self) -> str:
        """What is missing, as kptui/tui/empty.py names it."""
        return type(self).__name__

    @on(RowView.Moved, "#table")
    def moved(self, event: RowView.Moved) -> None:
        """The detail follows the cursor."""
        self.state.row = event.row
        self._show_detail()

    @on(RowView.Chosen, "#table")
    async def double_click(self) -> None:
        """A double click opens."""
        self.action_open()

    def place_of_row(self) -> Place | None:
        """Where enter goes to in the rules that are explored."""
        item = self.rows.item
        found = self.chosen(item) if item is not None else None
        return found.place if found is not None and found.node is None else None

    def action_open(self) -> None:
        """Go to what is selected."""
        item = self.rows.item
        found = self.chosen(item) if item is not None else None
        if found is None:
            self.notify("Nothing to go to." if item is None else "This leads nowhere.", timeout=3)
        else:
            self.dismiss(found)

    def action_order(self, step: int) -> None:
        """Sort by the next column that can be sorted by."""
        orders = self.model.orders()
        if not self.model.items or not orders or orders == [self.state.order]:
            tell(self, ORDERED if self.model.items else NO_ROWS)
        else:
            at = orders.index(self.state.order) if self.state.order in orders else -1
            self.state.order, self.state.reverse = orders[(at + step) % len(orders)], False
            self.rearrange()

    def action_reverse(self) -> None:
        """Sort the other way round."""
        if not self.model.items or self.model.columns[self.state.order].key is None:
            tell(self, ORDERED if self.model.items else NO_ROWS)
            return
        self.state.reverse = not self.state.reverse
        self.rearrange()

    def action_filter(self) -> None:
        """Open the line to filter by."""
        self.query_one(SearchBar).open()

    @on(SearchBar.Typed)
    def typed(self, event: SearchBar.Typed) -> None:
        """Filter as one types."""
        if event.text != self.state.words:
            self.state.words = event.text
            self.rearrange()

    def action_search_entered(self) -> None:
        """Go on with the keys of the table."""
        self.set_focus(self.rows)

    def action_close_search(self) -> None:
        """Give the filter up."""
        bar = self.query_one(SearchBar)
        bar.show(False)
        self.set_focus(self.rows)
        if self.state.words:
            self.state.words = ""
            bar.show_text("")
            self.rearrange()

    def action_close(self) -> None:
        """Give the filter up, then close the table."""
        if self.query_one(SearchBar).shown:
            self.action_close_search()
        else:
            self.dismiss(Chosen())

    def action_view(self, name: str) -> None:
        """What this table itself has under that name, else another view in its place."""
        own = getattr(self, f"action_{name}", None)
        if own is not None:
            own()
        elif name != self.VIEW:
            self.dismiss(Chosen(view=name))
        else:
            tell(self, HERE)

    def action_copy(self) -> None:
        """Ask what is to be copied."""
        copy_from(self, self.copy_items())

    def copy_items(self) -> list[Item]:
        """What can be copied: the selected row, or all that are shown, with tabs between the cells."""
        item, shown = self.rows.item, self.model.shown
        if item is None:
            return [Item("copy_selected", "the row", None, "", "there is none")]
        count = number_of(len(shown), "row")
        return [
            Item(
                "copy_selected",
                "the row",
                lambda: self._tabbed([item]),
                "kptui-row.tsv",
                "  ".join(self.model.cells(item)),
            ),
            Item("copy_all", "all rows", lambda: self._tabbed(shown, named=True), "kptui-rows.tsv", count),
        ]

    def _tabbed(self, items: Sequence[Any], named: bool = False) -> str:
        names = [[column.column.name for column in self.model.columns]] if named else []
        return "\n".join("\t".join(cells) for cells in (*names, *map(self.model.cells, items)))

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(self))


def plain_detail(lines: Sequence[str]) -> Text:
    """Lines of text as a detail."""
    return Text("\n".join(map(visible, lines)))
