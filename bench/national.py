class National:
    pass
