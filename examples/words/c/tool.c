// Counts words: a plugin in C, without any request.

#include <stdlib.h>
#include <string.h>

#include "words.h"

typedef exports_example_words_counter_entry_t entry_t;

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

static bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool same(const entry_t *entry, const uint8_t *word, size_t length) {
  return entry->word.len == length && memcmp(entry->word.ptr, word, length) == 0;
}

// The most frequent first; words of one frequency in the order of their bytes.
static int by_rank(const void *left, const void *right) {
  const entry_t *a = left, *b = right;
  if (a->times != b->times) return a->times < b->times ? 1 : -1;
  size_t shorter = a->word.len < b->word.len ? a->word.len : b->word.len;
  int order = memcmp(a->word.ptr, b->word.ptr, shorter);
  return order != 0 ? order : (a->word.len > b->word.len) - (a->word.len < b->word.len);
}

static void count(exports_example_words_counter_list_entry_t *list, const uint8_t *word, size_t length) {
  for (size_t at = 0; at < list->len; at++) {
    if (same(&list->ptr[at], word, length)) {
      list->ptr[at].times++;
      return;
    }
  }
  entry_t *entry = &list->ptr[list->len++];
  words_string_dup_n(&entry->word, (const char *)word, length);
  entry->times = 1;
}

bool exports_example_words_counter_top(words_string_t *text, uint32_t limit,
                                       exports_example_words_counter_list_entry_t *ret, words_string_t *err) {
  if (limit == 0) {
    words_string_dup(err, "a limit of 0 leaves nothing to tell");
    return false;
  }
  // A text of n bytes has at most (n + 1) / 2 words.
  ret->ptr = calloc(text->len / 2 + 1, sizeof(entry_t));
  ret->len = 0;
  if (ret->ptr == NULL) abort();
  for (size_t at = 0; at < text->len;) {
    size_t start = at;
    while (at < text->len && !is_space(text->ptr[at])) {
      text->ptr[at] = lower(text->ptr[at]);
      at++;
    }
    if (at > start) count(ret, text->ptr + start, at - start);
    while (at < text->len && is_space(text->ptr[at])) at++;
  }
  qsort(ret->ptr, ret->len, sizeof(entry_t), by_rank);
  if (ret->len > limit) ret->len = limit;
  return true;
}
