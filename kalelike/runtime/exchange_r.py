"""R's side of the exchange of values (see ``exchange``), as code that runs in its kernel."""

from __future__ import annotations

PRELUDE = r"""
.kl <- new.env()
.kl$path <- function(name, ending) {
  file.path(Sys.getenv("KALELIKE_EXCHANGE"), paste0(name, ending))
}
.kl$python <- function(from, to) {
  status <- system2(Sys.getenv("KALELIKE_PYTHON"),
                    c("-m", "kalelike.runtime.exchange", shQuote(from), shQuote(to)),
                    # R's own path could give this Python another one's library.
                    env = paste0("LD_LIBRARY_PATH=", Sys.getenv("KALELIKE_LIBRARY_PATH")))
  if (status != 0) stop("a data frame cannot be passed: see the log")
}
.kl$decode <- function(x) {
  value <- x$value
  missing <- function(items, na) lapply(items, function(item) if (is.null(item)) na else item)
  switch(x$kind,
    null = NULL,
    logical = as.logical(unlist(missing(value, NA))),
    integer = as.integer(unlist(missing(value, NA_integer_))),
    character = as.character(unlist(missing(value, NA_character_))),
    double = as.numeric(unlist(value)),
    list = { items <- lapply(value, .kl$decode); names(items) <- unlist(x$names); items },
    frame = {
      columns <- lapply(value, .kl$decode)
      names(columns) <- unlist(x$names)
      structure(columns, class = "data.frame", row.names = seq_len(x$rows))
    })
}
.kl$one <- jsonlite::unbox
.kl$vector <- function(x) {
  if (is.factor(x)) x <- as.character(x)
  if (inherits(x, c("Date", "POSIXt", "difftime", "integer64"))) return(.kl$refused(x))
  kind <- if (is.logical(x)) "logical" else if (is.integer(x)) "integer" else
    if (is.double(x)) "double" else if (is.character(x)) "character" else return(.kl$refused(x))
  value <- as.vector(x)
  if (kind == "double") {
    value <- ifelse(is.nan(value), "NaN", ifelse(is.na(value), "NA",
             ifelse(is.infinite(value), ifelse(value > 0, "Inf", "-Inf"), sprintf("%a", value))))
  }
  list(kind = .kl$one(kind), value = as.list(unname(value)))
}
.kl$refused <- function(x) list(kind = .kl$one("refused"), value = .kl$one(class(x)[1]))
.kl$encode <- function(x) {
  if (is.null(x)) return(list(kind = .kl$one("null")))
  if (is.data.frame(x)) {
    return(list(kind = .kl$one("frame"), names = as.list(names(x)),
                value = unname(lapply(x, .kl$vector)), rows = .kl$one(nrow(x))))
  }
  if (!is.null(dim(x))) return(.kl$refused(x))
  if (is.list(x) && !is.object(x)) {
    found <- list(kind = .kl$one("list"), value = unname(lapply(x, .kl$encode)))
    if (!is.null(names(x))) found$names <- as.list(names(x))
    return(found)
  }
  if (!is.null(names(x))) return(.kl$encode(as.list(x)))
  found <- .kl$vector(x)
  if (length(x) == 1 && identical(as.character(found$kind), "refused") == FALSE) {
    found$scalar <- .kl$one(TRUE)
  }
  found
}
.kl$read <- function(name) {
  table <- .kl$path(name, ".parquet")
  file <- .kl$path(name, ".json")
  if (file.exists(table)) {
    if (requireNamespace("arrow", quietly = TRUE)) {
      return(as.data.frame(arrow::read_parquet(table)))
    }
    if (requireNamespace("nanoparquet", quietly = TRUE)) {
      return(as.data.frame(nanoparquet::read_parquet(table)))
    }
    .kl$python(table, file)
    on.exit(unlink(file))
  }
  .kl$decode(jsonlite::fromJSON(file, simplifyVector = FALSE))
}
.kl$write <- function(name, value) {
  table <- .kl$path(name, ".parquet")
  file <- .kl$path(name, ".json")
  unlink(c(table, file))
  content <- jsonlite::toJSON(.kl$encode(value), null = "null", na = "null", auto_unbox = TRUE)
  writeLines(content, file, useBytes = TRUE)
  parquet <- is.data.frame(value) && nzchar(Sys.getenv("KALELIKE_PARQUET"))
  if (parquet && !grepl('"kind":"refused"', content, fixed = TRUE)) {
    .kl$python(file, table)
    unlink(file)
  }
}
options(digits = 15)
"""


def read_code(names: tuple[str, ...]) -> str:
    """Return R code that binds names to the values in the exchange folder."""
    return "\n".join(f'{name} <- .kl$read("{name}")' for name in names)


def write_code(names: tuple[str, ...]) -> str:
    """Return R code that puts the values of names into the exchange folder."""
    return "\n".join(f'.kl$write("{name}", {name})' for name in names)
