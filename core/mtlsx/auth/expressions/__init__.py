"""EMQX's variform expressions (``concat([username,'-x'])``), which make client ids and client attributes."""
