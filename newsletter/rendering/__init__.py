"""An issue becomes one mail: context → MJML and plain text → segments per reader → lint."""
