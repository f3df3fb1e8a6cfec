# How much slower the programs of this build are; limits of time grow with it (tests/scenarios/lib/wait.mjs).
if(TURNGATE_SANITIZE MATCHES "thread")
    set(test_slowdown 4)
elseif(TURNGATE_SANITIZE)
    set(test_slowdown 2)
else()
    set(test_slowdown 1)
endif()
math(EXPR test_timeout "180 * ${test_slowdown}")

# turngate_node_test(<name> <file> <label>): a file for `node --test`, against the programs of this build.
function(turngate_node_test name file label)
    add_test(NAME ${name}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/clients/node --test --test-reporter=spec ${file}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${test_timeout}
        LABELS ${label}
        ENVIRONMENT "TURNGATE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};TURNGATE_TEST_SLOWDOWN=${test_slowdown}")
endfunction()
