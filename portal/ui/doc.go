// Package ui is what the resident pages and the console share: the layout, the
// style sheet, the languages, the words for dates, money and amounts of data,
// and the HTTP wrapping that every handler gets.
//
// A page is plain HTML 5 and works without JavaScript. Its words come from
// lang/*.toml: a language is complete or the program does not start.
//
// The style sheet offers these classes: button (quiet, danger), notice (good,
// bad, wait), panel (main), facts (a dl of label and value), field, actions,
// grid, ticks, badge (good, bad, wait), muted, small, code, hidden; and for the
// console tabs, search, filters, tiles with stat, chips, steps (done, now),
// crumbs, account, and table-scroll around a table with td.number.
package ui
