# Writes OUT, a C source that holds the text of every file in SOURCES as bytes, found by its name without ending with
# FUNCTION, which HEADER declares.
set(arrays)
set(rows)
foreach(source ${SOURCES})
  get_filename_component(name ${source} NAME_WE)
  file(READ ${source} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REPEAT "0x..," 16 line)
  string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "static const unsigned char text_${name}[] = {\n${bytes}0x00};\n")
  string(APPEND rows "    {\"${name}\", text_${name}},\n")
endforeach()
file(WRITE ${OUT}.part
     "#include \"${HEADER}\"\n\n#include <string.h>\n\n${arrays}\nstatic const struct {\n    const char *name;\n    const unsigned char *text;\n} tables[] = {\n${rows}};\n
const char *${FUNCTION}(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(tables[i].name, name) == 0) {
            return (const char *)tables[i].text;
        }
    }
    return NULL;
}
")
file(RENAME ${OUT}.part ${OUT})
