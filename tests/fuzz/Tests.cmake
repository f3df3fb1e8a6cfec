# The fuzzers of the tree of preset `fuzz` as tests of this one.
file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
foreach(source ${fuzzers})
    get_filename_component(name ${source} NAME_WE)
    set(fuzzer ${PROJECT_SOURCE_DIR}/build/fuzz/bin/fuzz-${name})
    add_test(NAME fuzz.${name}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/if_built ${fuzzer}
            ${CMAKE_CURRENT_LIST_DIR}/run ${fuzzer} ${CMAKE_CURRENT_LIST_DIR}/${name})
    set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 120 LABELS fuzz SKIP_RETURN_CODE 77)
endforeach()
