# turngate_node_test(<name> <file> <label>): a file for `node --test`, against the programs of this build.
function(turngate_node_test name file label)
    add_test(NAME ${name}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/clients/node --test --test-reporter=spec ${file}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT 180
        LABELS ${label}
        ENVIRONMENT "TURNGATE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endfunction()
