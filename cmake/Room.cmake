# turngate_room(<name> ROOMS <rooms it may include> LIBS <third-party targets>)
# One room, one static library; sources are the .cpp files beside the calling CMakeLists.txt.
function(turngate_room name)
    cmake_parse_arguments(ROOM "" "" "ROOMS;LIBS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
    list(TRANSFORM ROOM_ROOMS PREPEND turngate-)
    if(NOT sources)
        add_library(turngate-${name} INTERFACE)
        return()
    endif()
    add_library(turngate-${name} STATIC ${sources})
    target_include_directories(turngate-${name}
        PUBLIC ${PROJECT_SOURCE_DIR}/include
        PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(turngate-${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBS})
    turngate_precompile(turngate-${name})
endfunction()

# turngate_unit_test(<room>): tests/unit/<room>/*.cpp, linked with that room alone.
function(turngate_unit_test room)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cpp)
    add_executable(test-${room} ${sources})
    target_link_libraries(test-${room} PRIVATE turngate-${room} GTest::gmock GTest::gtest_main)
    target_include_directories(test-${room} PRIVATE ${PROJECT_SOURCE_DIR}/src/${room} ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(test-${room} PRIVATE TURNGATE_UNIT_TEST TURNGATE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    turngate_precompile(test-${room})
    add_test(NAME unit.${room} COMMAND test-${room})
    set_tests_properties(unit.${room} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()
